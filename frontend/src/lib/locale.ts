/**
 * How the language of the page writes numbers and dates. Both must agree: an English page with German
 * digits would be read wrongly (1.234 is not 1,234).
 */

/** The reader's own variant of the first language that the page speaks, such as `en-GB`. */
export function localeFor(preferred: readonly string[], spoken: readonly string[]): string {
  const languageOf = (tag: string) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => spoken.includes(languageOf(tag) ?? "")) ?? spoken[0] ?? "en";
}

let current = "en";

export const locale = (): string => current;

export function setLocale(tag: string): void {
  current = tag;
}

/** What is costly to make for a locale, such as a formatter: made again when the locale changes. */
export function perLocale<T>(make: (locale: string) => T): () => T {
  let made: { readonly locale: string; readonly value: T } | undefined;
  return () => {
    if (made?.locale !== current) made = { locale: current, value: make(current) };
    return made.value;
  };
}
