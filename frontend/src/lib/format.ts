/** Formats values, times and numbers for the page's language and the reader's region. */
import {
  type Column,
  isRow,
  rawNumber,
  RefusedError,
  toJson,
  UnreachableError,
} from "real-time-orders";
import { words } from "@/words";
import { locale, perLocale } from "./locale";

const COUNT = perLocale((to) => new Intl.NumberFormat(to));
const EXACT = perLocale(
  (to) => new Intl.DateTimeFormat(to, { dateStyle: "medium", timeStyle: "medium" }),
);
const TO_THE_MINUTE = perLocale(
  (to) => new Intl.DateTimeFormat(to, { dateStyle: "medium", timeStyle: "short" }),
);
const ZONED = perLocale(
  (to) => new Intl.DateTimeFormat(to, { dateStyle: "full", timeStyle: "long" }),
);
const CLOCK = perLocale((to) => new Intl.DateTimeFormat(to, { timeStyle: "medium" }));
const MINUTES = perLocale((to) => new Intl.DateTimeFormat(to, { timeStyle: "short" }));
const HOUR_OF_DAY = perLocale((to) => new Intl.DateTimeFormat(to, { hour: "numeric" }));
const SHORT_COUNT = perLocale((to) => new Intl.NumberFormat(to, { notation: "compact" }));
const DAY = perLocale((to) => new Intl.DateTimeFormat(to, { dateStyle: "medium" }));
const DAY_OF_YEAR = perLocale(
  (to) => new Intl.DateTimeFormat(to, { month: "short", day: "numeric" }),
);
const DATE = perLocale(
  (to) => new Intl.DateTimeFormat(to, { dateStyle: "medium", timeZone: "UTC" }),
);
const RELATIVE = perLocale(
  (to) => new Intl.RelativeTimeFormat(to, { numeric: "auto", style: words.ages.style }),
);

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;
const LONGEST_TEXT = 300;
const LONGEST_NUMBER = 40;

export const formatCount = (value: number): string => COUNT().format(value);
export const formatShortCount = (value: number): string => SHORT_COUNT().format(value);
export const formatHour = (time: number): string => HOUR_OF_DAY().format(time);
export const formatMinutes = (time: number): string => MINUTES().format(time);
export const formatDay = (day: Date): string => DAY().format(day);
export const formatClock = (time: number): string => CLOCK().format(time);

const BYTES = perLocale(
  (to) =>
    new Intl.NumberFormat(to, {
      style: "unit",
      unit: "megabyte",
      maximumFractionDigits: 1,
    }),
);
export const formatBytes = (bytes: number): string => BYTES().format(bytes / 1_000_000);

export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Returns why something failed, in the page's language if the API names a known code. */
export function messageOf(error: unknown): string {
  const { refused, failing, unreachable } = words.errors;
  if (error instanceof RefusedError)
    return (
      together(fieldsOf(error)) ||
      refused(isRow(error.body) ? error.body : {}, error.status, error.message)
    );
  if (error instanceof UnreachableError)
    return error.answered
      ? failing({ code: error.code }, error.message)
      : unreachable(error.message);
  return error instanceof Error ? error.message : words.values.wentWrong;
}

/** Returns what is wrong with each field that the API refused, in the same way. */
export function fieldsOf(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof RefusedError)) return {};
  const { errors } = isRow(error.body) ? error.body : {};
  const refused = Array.isArray(errors) ? errors.filter(isRow) : [];
  return Object.fromEntries(
    refused.map((each) => [String(each.field), words.errors.field(each, String(each.message))]),
  );
}

/** Returns the refused fields as one sentence. Those with the same message, as of one rule, share it. */
function together(refused: Readonly<Record<string, string>>): string {
  const named = new Map<string, string[]>();
  for (const [field, message] of Object.entries(refused)) {
    const text = message.replace(/\.$/, "");
    named.set(text, [...(named.get(text) ?? []), field]);
  }
  const inWords = (name: string) => capital(name.replaceAll("_", " "));
  const parts = [...named].map(([text, fields]) => `${fields.map(inWords).join(", ")}: ${text}`);
  return parts.length > 0 ? `${parts.join("; ")}.` : "";
}

/** Returns the start of a text, which may have megabytes. */
export const shortened = (text: string): string =>
  text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;

/**
 * Returns a time in milliseconds, to compare times and to compute ages. PostgreSQL also has infinity,
 * years BC and years after 9999, which JavaScript cannot read: such times are ordered by year only.
 * Returns NaN if the text is not a time.
 */
export function instantOf(time: string): number {
  if (time === "infinity" || time === "-infinity")
    return time === "infinity" ? Infinity : -Infinity;
  const year = Number(/^\d+/.exec(time)?.[0] ?? NaN);
  if (time.endsWith("BC")) return Date.UTC(-271_820, 0) - year;
  if (year > 9999) return Date.UTC(10_000, 0) + (year - 10_000) * 366 * 24 * HOUR * 1000;
  return Date.parse(time);
}

/** Whether `Date` can read the time as PostgreSQL writes it. */
export const isInCalendar = (time: string): boolean =>
  /^\d{4}-/.test(time) && !time.endsWith("BC") && !Number.isNaN(Date.parse(time));

/**
 * Formats a time, a full minute without seconds. A time that `Date` cannot read is returned as
 * PostgreSQL wrote it.
 */
export function formatExact(time: string): string {
  if (!isInCalendar(time)) return time;
  const date = new Date(time);
  const isFullMinute = date.getSeconds() === 0 && date.getMilliseconds() === 0;
  return (isFullMinute ? TO_THE_MINUTE : EXACT)().format(date);
}

/** Formats a time, with the reader's time zone if the time has a zone. */
export const formatZoned = (time: string): string =>
  isInCalendar(time) && /([+-]\d\d(:?\d\d)?|Z)$/.test(time)
    ? ZONED().format(new Date(time))
    : formatExact(time);

/** Formats a date. The present year is left out. */
function formatDate(date: Date, now: number): string {
  const isThisYear = date.getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? DAY_OF_YEAR : DAY)().format(date);
}

/**
 * Returns "just now", "3 min ago", "2 h ago" or "yesterday"; for a time at least a week ago, the date.
 */
export function formatAge(time: string, now: number): string {
  if (!isInCalendar(time)) return time;
  // Clocks differ a little, so a time up to a minute ahead is "just now". Later times are shown as a
  // date.
  const seconds = (now - Date.parse(time)) / 1000;
  if (seconds < -MINUTE) return formatDate(new Date(time), now);
  if (seconds < 10) return words.values.justNow;
  if (seconds < MINUTE) return RELATIVE().format(-Math.floor(seconds / 10) * 10, "second");
  if (seconds < HOUR) return RELATIVE().format(-Math.floor(seconds / MINUTE), "minute");
  if (seconds < 24 * HOUR) return RELATIVE().format(-Math.floor(seconds / HOUR), "hour");
  if (seconds < WEEK) return RELATIVE().format(-Math.floor(seconds / 24 / HOUR), "day");
  return formatDate(new Date(time), now);
}

/** Control, format and space characters, and letters that have no visible form. */
const INVISIBLE = /^(\p{C}|\p{Z}|\p{Default_Ignorable_Code_Point}|\u2800)+$/u;

/**
 * Returns a text to show for a name: a placeholder if the name is empty or has only invisible
 * characters.
 */
export const visible = (text: string): string =>
  text === ""
    ? words.values.emptyName
    : INVISIBLE.test(text)
      ? words.values.blankName
      : shortened(text);

/** Returns a text to show for a status; "" stands for rows without a status. */
export const visibleStatus = (status: string): string =>
  status === "" ? words.values.noStatus : visible(status);

/** Formats any value of any column. */
export function formatValue(value: unknown, column?: Column): string {
  const raw = rawNumber(value);
  if (raw !== null) return formatNumber(raw, column);
  switch (typeof value) {
    case "number":
    case "bigint":
      return formatNumber(String(value), column);
    case "boolean":
      return value ? words.values.yes : words.values.no;
    case "string":
      return formatText(value, column);
    case "object":
      if (value === null) return "–";
      if (Array.isArray(value) && value.every((item) => typeof item !== "object")) {
        return shortened(value.map((item) => formatValue(item)).join(", "));
      }
      return shortened(isFlat(value) ? pairsOf(value) : toJson(value));
    default:
      return "–";
  }
}

/** Whether an object has one level only, such as an address. It is shown as a list of pairs. */
const isFlat = (value: object): boolean =>
  !Array.isArray(value) &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((part) => typeof part !== "object");

const pairsOf = (value: object): string =>
  Object.entries(value)
    .map(([name, part]) => `${name}: ${typeof part === "string" ? part : toJson(part)}`)
    .join(", ");

function formatText(text: string, column: Column | undefined): string {
  if (column?.kind === "timestamp") return formatExact(text);
  if (column?.kind === "date" && isInCalendar(text)) return DATE().format(new Date(text));
  return visible(text);
}

/**
 * Returns how many decimal places a column keeps (PostgreSQL rounds to them); null if the type sets no
 * limit.
 */
export function scaleOf(column: Column | undefined): number | null {
  const found = /^numeric\(\d+,(\d+)\)$/.exec(column?.type ?? "")?.[1];
  return found === undefined ? null : Number(found);
}

/** Formats a number without rounding. A column `numeric(12,2)` shows at least two decimal places. */
function formatNumber(digits: string, column: Column | undefined): string {
  if (!/^-?\d+(\.\d+)?$/.test(digits) || digits.length > LONGEST_NUMBER) return digits;
  return numberFormat(Math.min(scaleOf(column) ?? 0, MOST_DIGITS)).format(digits as `${number}`);
}

const MOST_DIGITS = 20;
const numberFormats = perLocale(() => new Map<number, Intl.NumberFormat>());

function numberFormat(minimumFractionDigits: number): Intl.NumberFormat {
  const known = numberFormats().get(minimumFractionDigits);
  if (known) return known;
  const format = new Intl.NumberFormat(locale(), {
    minimumFractionDigits,
    maximumFractionDigits: MOST_DIGITS,
  });
  numberFormats().set(minimumFractionDigits, format);
  return format;
}
