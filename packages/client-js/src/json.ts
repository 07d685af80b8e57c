/**
 * JSON whose numbers keep all digits. An integer beyond 2^53 becomes a bigint. Any other number that a
 * double cannot represent is kept as text by `JSON.rawJSON`.
 */
interface RawJson {
  readonly rawJSON: string;
}
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

// In the language since 2023, but not yet declared in TypeScript's library.
const json = JSON as {
  parse(text: string, reviver?: Reviver): unknown;
  stringify(
    value: unknown,
    replacer?: (key: string, value: unknown) => unknown,
    indent?: number,
  ): string;
  rawJSON?: (text: string) => RawJson;
};

/**
 * Sixteen digits in a row, or an exponent of three digits. Such numbers are rare, and this test is
 * faster than a reviver.
 */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Parses JSON. Throws a SyntaxError if the text is not JSON. */
export function parseJson(text: string): unknown {
  if (!MAY_LOSE_DIGITS.test(text)) return json.parse(text);
  try {
    return json.parse(text, keepDigits);
  } catch (error) {
    // The reviver is recursive, so a value nested thousands of levels deep overflows the stack.
    if (error instanceof RangeError) return json.parse(text);
    throw error;
  }
}

const exact = (_key: string, part: unknown): unknown =>
  typeof part === "bigint" ? (json.rawJSON?.(String(part)) ?? String(part)) : part;

export const toJson = (value: unknown): string => json.stringify(value, exact);

/** Returns JSON on several lines, for people to read. */
export const toJsonLines = (value: unknown): string => json.stringify(value, exact, 2);

/** Returns the digits of a number that is kept as text; null for all other values. */
export const rawNumber = (value: unknown): string | null =>
  typeof value === "object" && value !== null && Object.isFrozen(value) && "rawJSON" in value
    ? String(value.rawJSON)
    : null;

const keepDigits: Reviver = (_key, value, context) => {
  const source = context?.source;
  if (typeof value !== "number" || source === undefined) return value;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source);
  return significant(source) === significant(value.toExponential())
    ? value
    : (json.rawJSON?.(source) ?? value);
};

const significant = (number: string): string =>
  number
    .replace(/[eE].*$/, "")
    .replace(/[-.]/g, "")
    .replace(/^0+|0+$/g, "");
