/**
 * The language of the page and how it writes numbers and dates, which must agree: an English page with
 * German digits would be read wrongly (1.234 is not 1,234).
 */

/** The languages that the page speaks, the first one unless the reader prefers another. */
const SPOKEN = ["en"] as const;

/** The reader's own variant of the first language that the page speaks, such as `en-GB`. */
export function localeFor(
  preferred: readonly string[],
  spoken: readonly string[] = SPOKEN,
): string {
  const languageOf = (tag: string) => tag.toLowerCase().split("-")[0];
  return preferred.find((tag) => spoken.includes(languageOf(tag) ?? "")) ?? spoken[0] ?? "en";
}

export const LOCALE = localeFor(typeof navigator === "undefined" ? [] : navigator.languages);
