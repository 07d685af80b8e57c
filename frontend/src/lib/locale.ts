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

const DECIMAL = perLocale((to) => new Intl.NumberFormat(to).format(1.5).slice(1, 2));

/** Digits with the reader's decimal sign, as a field shows them. */
export const withDecimalSign = (digits: string): string => digits.replace(".", DECIMAL());

/** A typed number with the point that PostgreSQL has; null where it could mean two: `1.234` in German. */
export function withPoint(typed: string): string | null {
  if (DECIMAL() !== ",") return typed;
  if (/^[+-]?\d{1,3}(\.\d{3})+$/.test(typed)) return null;
  const digits = /^[+-]?\d{1,3}(\.\d{3})+,\d+$/.test(typed) ? typed.replaceAll(".", "") : typed;
  return digits.replace(",", ".");
}
