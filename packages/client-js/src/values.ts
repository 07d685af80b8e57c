/**
 * Compares values as PostgreSQL does. Pure.
 *
 * Numbers are compared exactly, whatever their form: a double, a bigint, or digits in `JSON.rawJSON`.
 * Times are compared as instants. Text is ordered by code point, except in `compareColumn`.
 */
import { rawNumber, toJson } from "./json.ts";
import type { Column } from "./schema.ts";

/** Text, an exact number, a boolean or null. undefined is not equal to any value. */
export type Form = string | Decimal | boolean | null | undefined;

/** The number `digits * 10^-scale`; infinite numbers have only a `double`. */
interface Decimal {
  readonly double: number;
  readonly digits?: bigint;
  readonly scale?: number;
}

const NUMBER = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,6}))?$/;

/** Reads a number; undefined if the text is not one. */
export function decimalOf(text: string): Decimal | undefined {
  const found = NUMBER.exec(text);
  const [, sign, whole = "", fraction = "", exponent = "0"] = found ?? [];
  if (!found || whole + fraction === "") return undefined;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return { double: Number(text), digits, scale };
}

export const isDecimal = (form: Form): form is Decimal => typeof form === "object" && form !== null;

function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.digits === undefined || b.digits === undefined) return a.double - b.double || 0;
  // Different doubles decide. Equal doubles may differ in further digits.
  if (a.double < b.double) return -1;
  if (a.double > b.double) return 1;
  const scale = Math.max(a.scale ?? 0, b.scale ?? 0);
  const at = ({ digits = 0n, scale: own = 0 }: Decimal) => digits * 10n ** BigInt(scale - own);
  const [left, right] = [at(a), at(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Returns a number below, equal to or above 0; undefined if the forms cannot be compared. */
export function compareForms(a: Form, b: Form): number | undefined {
  if (isDecimal(a) && isDecimal(b)) return compareDecimals(a, b);
  if (typeof a === "string" && typeof b === "string") return byCodePoint(a, b);
  return a === b && a !== undefined ? 0 : undefined;
}

/**
 * Compares text by code point. JavaScript compares 16-bit units, which orders some characters
 * differently.
 */
function byCodePoint(a: string, b: string): number {
  if (a === b) return 0;
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at += 1;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}

/** Returns the form of a column's value. `column` is undefined if the schema does not have it. */
export function formOf(value: unknown, column: Pick<Column, "kind" | "type"> | undefined): Form {
  if (value === null || value === undefined) return null;
  const { kind = "", type: declared = "" } = column ?? {};
  const type = declared.replace(/\(.*?\)|^.*\./g, ""); // without length and schema
  if (/^(date|timestamp)/.test(kind === "choice" ? type : kind))
    return typeof value === "string" ? instantOf(value, type) : undefined;
  if (kind === "choice") {
    // The schema has choices as text, also if they are numbers.
    const text = typeof value === "string" ? value : toJson(value);
    return rounded(
      /int(eger)?$|^(numeric|real|double precision)$/.test(type)
        ? decimalOf(text)
        : textForm(text, type),
      type,
    );
  }
  if (typeof value !== "string") return rounded(plainForm(value), type);
  return kind === "binary" ? value.toLowerCase() : textForm(value, type);
}

/** Returns the nearest number that a column of floating point has. */
export function rounded(form: Form, type: string): Form {
  if (isDecimal(form) && type === "real") return { double: Math.fround(form.double) };
  return isDecimal(form) && type === "double precision" ? { double: form.double } : form;
}

const textForm = (value: string, type: string): string =>
  /^(character|bpchar)$/.test(type) ? value.replace(/ +$/, "") : value;

function plainForm(value: unknown): Form {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? numberForm(value) : undefined;
  const digits = typeof value === "bigint" ? String(value) : rawNumber(value);
  return digits === null ? undefined : decimalOf(digits);
}

const numberForm = (value: number): Decimal | undefined =>
  Number.isSafeInteger(value)
    ? { double: value, digits: BigInt(value), scale: 0 }
    : decimalOf(String(value));

const INSTANT =
  /^(\d{4,7})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(?:[Zz]|([+-])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?)?)?( BC)?$/;
const CYCLE_MS = 146_097 * 86_400_000; // the calendar repeats every 400 years

/**
 * Reads a time as microseconds since 1970. PostgreSQL also has infinity, years BC and years after 9999.
 * It ignores the offset of a value for a type without time zone.
 */
export function instantOf(text: string, type?: string): Decimal | undefined {
  if (text === "infinity" || text === "-infinity") {
    return { double: text === "infinity" ? Infinity : -Infinity };
  }
  const found = INSTANT.exec(text);
  if (!found) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, h, m, s, bc] = found;
  const number = (digits: string | undefined) => Number(digits ?? 0);
  const ce = bc ? 1 - number(year) : number(year);
  const cycles = Math.floor(ce / 400);
  const ms = Date.UTC(2000 + ce - cycles * 400, number(month) - 1, number(day));
  const date = new Date(ms);
  if (date.getUTCMonth() + 1 !== number(month) || date.getUTCDate() !== number(day))
    return undefined;
  const clock = number(hour) * 3600 + number(minute) * 60 + number(second);
  const direction = type === "timestamp without time zone" ? 0 : sign === "-" ? -1 : 1;
  const offset = (number(h) * 3600 + number(m) * 60 + number(s)) * direction;
  const seconds = (ms + (cycles - 5) * CYCLE_MS) / 1000 + clock - offset;
  const digits = BigInt(seconds) * 1_000_000n + BigInt((fraction ?? "").padEnd(6, "0"));
  return { double: Number(digits), digits, scale: 0 };
}

/** What must be known about a column to compare its values. */
export type Compared = Pick<Column, "name" | "kind" | "type" | "choices">;

type Compare = (a: unknown, b: unknown) => number;

const NAN: Decimal = { double: Infinity }; // PostgreSQL orders it after every number
const collator = new Intl.Collator();

/** Returns how PostgreSQL orders a column's values other than null. */
export function compareColumn(column: Compared): Compare {
  switch (column.kind) {
    case "integer":
    case "number":
      return byForm((value) => numericForm(formOf(value, column)) ?? NAN);
    case "date":
    case "timestamp":
      return (a, b) => (isUsual(a) && isUsual(b) ? byCodePoint(a, b) : byInstant(a, b));
    case "boolean":
      return (a, b) => Number(a) - Number(b);
    case "uuid":
      return (a, b) => byCodePoint(String(a), String(b));
    case "choice":
      if (!isTextType(column.type)) return byRank(column.choices ?? []);
      break;
    default:
  }
  return (a, b) => collator.compare(String(rawNumber(a) ?? a), String(rawNumber(b) ?? b));
}

/** Whether `compareColumn` certainly orders values as the database does, whatever its collation. */
export const ordersExactly = ({ kind, type }: Compared): boolean =>
  kind === "choice" ? !isTextType(type) : !["text", "other", "json", "array"].includes(kind);

const isTextType = (type: string): boolean => /^(text|character|varchar|bpchar|citext)/.test(type);

/** Compares the values of an enum, which are ordered as declared. */
const byRank =
  (choices: readonly string[]): Compare =>
  (a, b) =>
    choices.indexOf(String(a)) - choices.indexOf(String(b));

const byForm =
  (form: (value: unknown) => Decimal): Compare =>
  (a, b) =>
    typeof a === "number" && typeof b === "number" ? a - b : compareDecimals(form(a), form(b));

const byInstant = byForm((value) => instantOf(String(value)) ?? NAN);

/** Whether a time can be compared as text: a time in UTC, but not infinity, years BC or after 9999. */
const isUsual = (time: unknown): time is string =>
  typeof time === "string" && time[4] === "-" && /(^.{10}|\+00:00)$/.test(time);

/** Returns the number of a text for which JSON has no number: `numeric` values can be infinite. */
export function numericForm(form: Form): Decimal | undefined {
  if (form === "Infinity") return { double: Infinity };
  if (form === "-Infinity") return { double: -Infinity };
  return isDecimal(form) ? form : undefined;
}
