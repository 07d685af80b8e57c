/** The sections of the settings page, by address. */
import type { Me } from "@/lib/protocol";

export const SECTIONS = ["users", "sessions", "tokens", "statuses", "tables", "system"] as const;
export type Section = (typeof SECTIONS)[number];

/** The sections for systems in which people sign in. */
const OF_PEOPLE: readonly Section[] = ["users", "sessions", "tokens"];

/**
 * Returns the sections to show. In open mode there are no users, so only the system's own sections are
 * shown.
 */
export const sectionsFor = (me: Pick<Me, "mode">): readonly Section[] =>
  SECTIONS.filter((section) => me.mode === "token" || !OF_PEOPLE.includes(section));

/** Returns the section that an address names; the first one for other addresses below /settings. */
export function sectionIn(path: string, me: Pick<Me, "mode">): Section {
  const sections = sectionsFor(me);
  const named = path.replace(/^\/settings\/?/, "");
  return sections.find((section) => section === named) ?? sections[0] ?? "system";
}

export const isSettings = (path: string): boolean => /^\/settings(\/|$)/.test(path);

/**
 * Whether the user gets the settings: admins who may see all rows. In open mode everyone is such an
 * admin.
 */
export const offersSettings = (me: Pick<Me, "role" | "rows"> | null): boolean =>
  me?.role === "admin" && me.rows === null;
