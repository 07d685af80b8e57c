/**
 * Words for days, which change their meaning at midnight in the reader's time zone: `yesterday`,
 * `today`, `tomorrow`, `today-6`. Pure.
 */
import type { Column } from "real-time-orders";

const NAMED: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };
const COUNTED = /^today([+-]\d{1,4})$/;

/** Returns how many days after today a word means; undefined if the text is not such a word. */
export function daysFromToday(text: string): number | undefined {
  const counted = COUNTED.exec(text)?.[1];
  if (counted !== undefined) return Number(counted);
  return Object.hasOwn(NAMED, text) ? NAMED[text] : undefined;
}

/** Whether the column's values are dates or timestamps. */
export const isTime = (column: Pick<Column, "kind"> | undefined): boolean =>
  column?.kind === "date" || column?.kind === "timestamp";

/** Returns when a day begins for the reader. `days`: days after today; `now`: epoch milliseconds. */
export function midnight(days: number, now: number): Date {
  const day = new Date(now);
  day.setDate(day.getDate() + days);
  day.setHours(0, 0, 0, 0);
  return day;
}

export const two = (part: number): string => String(part).padStart(2, "0");

/** Returns the date of a moment in the reader's time zone, such as `2026-05-31`. */
export const dayOf = (moment: Date): string =>
  `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;

/**
 * Returns the beginning of a day as a value of the column: a date, or the time of the reader's
 * midnight.
 */
export function startOf(day: Date, column: Pick<Column, "kind" | "type">): string {
  if (column.kind === "date") return dayOf(day);
  if (column.type.includes("without time zone")) return `${dayOf(day)}T00:00:00`;
  return day.toISOString().replace(".000Z", "Z");
}

/** Returns the value that a word means now. Other texts are returned unchanged. */
export function onDay(text: string, column: Pick<Column, "kind" | "type">, now: number): string {
  const days = isTime(column) ? daysFromToday(text) : undefined;
  return days === undefined ? text : startOf(midnight(days, now), column);
}
