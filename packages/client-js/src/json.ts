/**
 * JSON whose numbers keep every digit. An integer beyond 2^53 is read as a bigint; any other number
 * that a double cannot hold is kept as the raw text that `JSON.rawJSON` wraps.
 */
interface RawJson {
  readonly rawJSON: string;
}
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

// Part of the language since 2023; TypeScript's library does not declare it yet.
const json = JSON as {
  parse(text: string, reviver?: Reviver): unknown;
  stringify(
    value: unknown,
    replacer?: (key: string, value: unknown) => unknown,
    indent?: number,
  ): string;
  rawJSON?: (text: string) => RawJson;
};

/** Sixteen digits in a row, or an exponent of three: rare, and cheaper to look for than a reviver. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE][+-]?\d{3}/;

/** Throws a SyntaxError where the text is not JSON. */
export function parseJson(text: string): unknown {
  if (!MAY_LOSE_DIGITS.test(text)) return json.parse(text);
  try {
    return json.parse(text, keepDigits);
  } catch (error) {
    // The reviver is recursive: a value nested thousands of levels deep overflows its stack.
    if (error instanceof RangeError) return json.parse(text);
    throw error;
  }
}

const exact = (_key: string, part: unknown): unknown =>
  typeof part === "bigint" ? (json.rawJSON?.(String(part)) ?? String(part)) : part;

export const toJson = (value: unknown): string => json.stringify(value, exact);

/** JSON in lines, for people to read. */
export const toJsonLines = (value: unknown): string => json.stringify(value, exact, 2);

/** The digits of a number that only its text can hold; null for every other value. */
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
