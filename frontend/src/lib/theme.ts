/** Light or dark: as the system has it, or as the reader has chosen. */
import { Observable } from "real-time-orders";
import { useMedia } from "./use-media";
import { useObservable } from "./use-observable";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const SYSTEM_IS_DARK = "(prefers-color-scheme: dark)";
const MEDIA: Readonly<Record<Theme, string>> = {
  system: SYSTEM_IS_DARK,
  light: "not all",
  dark: "all",
};
const chosen = new Observable<Theme>("system");

/** The colours of the dark theme are a style sheet of its own; its media decide when it holds. */
export function showTheme(theme: Theme): void {
  if (typeof document === "undefined") return; // tests have no page
  const sheet = document.querySelector<HTMLLinkElement>("#dark");
  if (sheet) sheet.media = MEDIA[theme];
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
  chosen.set(theme);
}
