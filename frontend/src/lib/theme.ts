/** Light or dark: as the system has it, or as the reader has chosen. */
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const MEDIA: Readonly<Record<Theme, string>> = {
  system: "(prefers-color-scheme: dark)",
  light: "not all",
  dark: "all",
};

/** The colours of the dark theme are a style sheet of its own; its media decide when it holds. */
export function showTheme(theme: Theme): void {
  if (typeof document === "undefined") return; // tests have no page
  const sheet = document.querySelector<HTMLLinkElement>("#dark");
  if (sheet) sheet.media = MEDIA[theme];
  document.documentElement.style.colorScheme = theme === "system" ? "" : theme;
}
