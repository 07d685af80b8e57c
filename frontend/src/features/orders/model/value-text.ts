/** A column's value as a text for editing: writes the text, checks it and reads it back. Pure. */
import { type Column, rawNumber, toJson, toJsonLines } from "real-time-orders";
import { dayOf, two } from "@/lib/days";
import { isInCalendar } from "@/lib/format";
import { withDecimalSign } from "@/lib/locale";
import { words } from "@/words";
import { checkText, hasZone, valueOf } from "./order-draft";

/** Returns the value as text; "" stands for null. */
export function textOf(value: unknown, { kind, type }: Column): string {
  if (value === null || value === undefined) return "";
  if (kind === "json") return toJsonLines(value);
  if (typeof value !== "string") {
    const digits = rawNumber(value) ?? toJson(value);
    return kind === "number" ? withDecimalSign(digits) : digits;
  }
  if (kind !== "timestamp" || !isInCalendar(value)) return value;
  return hasZone(type) ? localTime(new Date(value)) : value.slice(0, 19);
}

/** Returns what is wrong with a text; null if PostgreSQL may accept it. */
export function checkValue(text: string, column: Column): string | null {
  const trimmed = trim(text, column);
  if (trimmed !== "") return checkText(trimmed, column);
  return column.nullable || column.kind === "text" ? null : words.editing.required;
}

/** Converts a checked text to the value of the column. */
export function readValue(text: string, column: Column): unknown {
  const trimmed = trim(text, column);
  return trimmed === "" && column.nullable ? null : valueOf(trimmed, column);
}

/** Removes blanks at both ends, except from texts of several lines. */
const trim = (text: string, { kind }: Column): string =>
  kind === "text" && text.includes("\n") ? text : text.trim();

/** Returns the value of a browser's date field: local time, to the second. */
function localTime(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two);
  return `${dayOf(time)}T${clock.join(":")}`;
}

/**
 * Returns the column as its editor shows it. A time that a date field cannot hold is edited as text. Of
 * the choices only those that may follow the present one are offered.
 */
export function editedAs(column: Column, value: unknown): Column {
  const { kind, next, choices } = column;
  const isText = typeof value === "string";
  if ((kind === "date" || kind === "timestamp") && isText && !isInCalendar(value)) {
    return { ...column, kind: "other" };
  }
  if (kind !== "choice" || !next || !isText) return column;
  const following = next[value] ?? [];
  return {
    ...column,
    choices: (choices ?? []).filter((choice) => choice === value || following.includes(choice)),
  };
}
