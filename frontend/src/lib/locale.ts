/**
 * The locale for numbers and dates. It must agree with the page's language: in an English text, German
 * digits would be misread (1.234 is not 1,234).
 */

/** Returns the reader's preferred locale whose language the page speaks, such as `en-GB`. */
export function localeFor(preferred: readonly string[], spoken: readonly string[]): string {
  const languageOf = (tag: string) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => spoken.includes(languageOf(tag) ?? "")) ?? spoken[0] ?? "en";
}

let current = "en";

export const locale = (): string => current;

export function setLocale(tag: string): void {
  current = tag;
}

/**
 * Caches an object that is costly to create for a locale, such as a formatter, until the locale
 * changes.
 */
export function perLocale<T>(make: (locale: string) => T): () => T {
  let made: { readonly locale: string; readonly value: T } | undefined;
  return () => {
    if (made?.locale !== current) made = { locale: current, value: make(current) };
    return made.value;
  };
}

const DECIMAL = perLocale((to) => new Intl.NumberFormat(to).format(1.5).slice(1, 2));

/** Returns digits with the reader's decimal sign, for a form field. */
export const withDecimalSign = (digits: string): string => digits.replace(".", DECIMAL());

/**
 * Returns a typed number with a decimal point, as PostgreSQL reads it; null if it is ambiguous, as
 * `1.234` is in German.
 */
export function withPoint(typed: string): string | null {
  if (DECIMAL() !== ",") return typed;
  if (/^[+-]?\d{1,3}(\.\d{3})+$/.test(typed)) return null;
  const digits = /^[+-]?\d{1,3}(\.\d{3})+,\d+$/.test(typed) ? typed.replaceAll(".", "") : typed;
  return digits.replace(",", ".");
}
