/**
 * A new order as the user types it: one text for each column. The texts are checked here and written as
 * JSON. Pure.
 */
import { type Column, parseJson } from "real-time-orders";
import { instantOf, scaleOf } from "@/lib/format";
import { withDecimalSign, withPoint } from "@/lib/locale";
import { isRequired, type OrderSchema, type Role } from "@/lib/schema";
import { words } from "@/words";

/** Texts by column. With an empty or missing text the database chooses the value. */
export type OrderDraft = Readonly<Record<string, string>>;
export type DraftErrors = Readonly<Record<string, string>>;

export function emptyDraft(schema: OrderSchema): OrderDraft {
  const quantity = schema.role("quantity");
  return quantity ? { [quantity.name]: "1" } : {};
}

export function checkDraft(draft: OrderDraft, columns: readonly Column[]): DraftErrors {
  const errors: Record<string, string> = {};
  for (const column of columns) {
    const text = textOf(draft, column);
    const error = text === "" ? checkMissing(column) : checkText(text, column);
    if (error !== null) errors[column.name] = error;
  }
  return errors;
}

/**
 * Returns the order as a JSON object. Numbers keep the digits that were typed, also where a double
 * would round them.
 */
export function draftToJson(draft: OrderDraft, columns: readonly Column[]): string {
  const values = columns.flatMap((column) => {
    const text = textOf(draft, column);
    return text === "" ? [] : [`${JSON.stringify(column.name)}:${valueToJson(text, column)}`];
  });
  return `{${values.join(",")}}`;
}

const textOf = (draft: OrderDraft, { name }: Column): string => (draft[name] ?? "").trim();

const checkMissing = (column: Column): string | null =>
  isRequired(column) ? words.editing.required : null;

const INTEGER = /^[+-]?\d+$/;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const UUID = /^[\da-f]{8}(-?[\da-f]{4}){3}-?[\da-f]{12}$/i;

/** The largest values of PostgreSQL's integer types. */
const LARGEST: Readonly<Record<string, bigint>> = {
  smallint: 2n ** 15n - 1n,
  integer: 2n ** 31n - 1n,
  bigint: 2n ** 63n - 1n,
};

/**
 * Returns what is wrong with a text, or null. PostgreSQL decides; this check only finds values that
 * PostgreSQL would certainly refuse, so that the user sees the error while typing.
 */
export function checkText(text: string, column: Column): string | null {
  switch (column.kind) {
    case "integer":
      return checkInteger(text, column);
    case "number":
      return checkNumber(text, column);
    case "uuid":
      return UUID.test(text) ? null : words.editing.uuid;
    case "json":
      return jsonError(text);
    case "array":
      return Array.isArray(jsonValue(text)) ? null : words.editing.list;
    case "date":
    case "timestamp":
      return Number.isNaN(instantOf(text)) ? words.editing.date : null;
    default:
      return checkLength(text, column);
  }
}

/** Checks a number. Also reports digits that PostgreSQL would silently round. */
function checkNumber(typed: string, column: Column): string | null {
  const text = withPoint(typed);
  if (text === null || !NUMBER.test(text)) return words.editing.number(withDecimalSign("12.50"));
  const scale = scaleOf(column);
  const [digits = "", exponent = "0"] = text.toLowerCase().split("e");
  const fraction = (digits.split(".")[1] ?? "").replace(/0+$/, "");
  if (scale === null || fraction.length - Number(exponent) <= scale) return null;
  return scale === 0 ? words.editing.whole : words.editing.scale(scale);
}

function checkInteger(text: string, { type }: Column): string | null {
  if (!INTEGER.test(text)) return words.editing.whole;
  const largest = LARGEST[type];
  const number = BigInt(text.replace(/^\+/, ""));
  if (largest === undefined || (number <= largest && number >= -largest - 1n)) return null;
  return words.editing.atMost(String(largest));
}

function checkLength(text: string, { max_length }: Column): string | null {
  const length = Array.from(text).length; // code points, as PostgreSQL counts them
  if (max_length == null || length <= max_length) return null;
  return words.editing.tooLong(max_length, length);
}

function jsonError(text: string): string | null {
  try {
    parseJson(text);
    return null;
  } catch (error) {
    return words.editing.notJson(error instanceof Error ? error.message : String(error));
  }
}

function jsonValue(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Converts a checked text to the value of the column. */
export const valueOf = (text: string, column: Column): unknown =>
  parseJson(valueToJson(text, column));

/** Converts a checked text to the JSON value of the column. */
function valueToJson(text: string, { kind, type }: Column): string {
  switch (kind) {
    case "integer":
      return numberToJson(text);
    case "number":
      return numberToJson(withPoint(text) ?? text);
    case "boolean":
    case "json":
    case "array":
      return text;
    case "timestamp":
      return JSON.stringify(hasZone(type) ? inReadersZone(text) : text);
    case "choice":
      return /^(smallint|integer|bigint|numeric|real|double)/.test(type)
        ? numberToJson(text)
        : JSON.stringify(text);
    default:
      return JSON.stringify(text);
  }
}

/** Rewrites forms that JSON does not allow: `+1`, `007`, `.5`, `5.`. */
const numberToJson = (text: string): string =>
  text
    .replace(/^\+/, "")
    .replace(/^(-?)0+(?=\d)/, "$1")
    .replace(/^(-?)\./, "$10.")
    .replace(/\.(?=$|[eE])/, "");

export const hasZone = (type: string): boolean => /with time zone|timestamptz/.test(type);

/** Adds the reader's time zone: the text of a browser's date field has none. */
function inReadersZone(text: string): string {
  const isLocal = /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(text);
  return isLocal ? new Date(text).toISOString() : text;
}

/** Returns a text that the column accepts. */
function exampleOf({ name, kind, choices }: Column, role: Role | undefined): string {
  switch (kind) {
    case "integer":
    case "number":
      return "1";
    case "boolean":
      return "true";
    case "json":
      return "{}";
    case "array":
      return "[]";
    case "date":
    case "timestamp":
      return "2026-12-24";
    case "uuid":
      return "00000000-0000-0000-0000-000000000000";
    case "choice":
      return choices?.[0] ?? "";
    default:
      return role === "customer" ? "John Doe" : role === "title" ? "Laptop" : name;
  }
}

/** Returns a small order as JSON, with only the required columns. */
export function exampleJson(schema: OrderSchema): string {
  const required = schema.writable.filter(isRequired);
  const examples = required.map((column) => {
    const text = exampleOf(column, schema.roleOf(column.name));
    return `${JSON.stringify(column.name)}: ${valueToJson(text, column)}`;
  });
  return `{${examples.join(", ")}}`;
}
