/** The sections of the settings page, by their address. */
import type { Me } from "@/lib/protocol";

export const SECTIONS = ["users", "sessions", "tokens", "statuses", "tables", "system"] as const;
export type Section = (typeof SECTIONS)[number];

/** Those that are about people who sign in. */
const OF_PEOPLE: readonly Section[] = ["users", "sessions", "tokens"];

/** What there is to set: without people, in open mode, only what the system itself has. */
export const sectionsFor = (me: Pick<Me, "mode">): readonly Section[] =>
  SECTIONS.filter((section) => me.mode === "token" || !OF_PEOPLE.includes(section));

/** The section that an address names; the first one for any other address below /settings. */
export function sectionIn(path: string, me: Pick<Me, "mode">): Section {
  const sections = sectionsFor(me);
  const named = path.replace(/^\/settings\/?/, "");
  return sections.find((section) => section === named) ?? sections[0] ?? "system";
}

export const isSettings = (path: string): boolean => /^\/settings(\/|$)/.test(path);

/** Admins, unless they are restricted to some rows; in open mode everyone is one. */
export const offersSettings = (me: Pick<Me, "role" | "rows"> | null): boolean =>
  me?.role === "admin" && me.rows === null;
