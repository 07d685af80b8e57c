const LONGEST = 300;

/** A name may have megabytes; nobody reads them in a table. */
export const shortened = (text: string): string =>
  text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
