/** Light or dark: the system's setting, or the user's choice. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const MEDIA: Readonly<Record<Theme, string>> = {
  system: "(prefers-color-scheme: dark)",
  light: "not all",
  dark: "all",
};

/**
 * Shows a theme. The dark colours are in a style sheet of their own, whose `media` attribute turns it
 * on or off.
 */
export function showTheme(theme: Theme): void {
  if (typeof document === "undefined") return; // in tests there is no page
  const sheet = document.querySelector<HTMLLinkElement>("#dark");
  if (sheet) sheet.media = MEDIA[theme];
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
}
