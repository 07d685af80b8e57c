/** A condition in words, for chips and titles: "is empty", "100 to 200", "last 7 days". Pure. */
import type { Column, Range, Value } from "real-time-orders";
import { words } from "@/words";
import { type Condition, isList } from "./conditions";
import { daysFromToday, isTime, midnight } from "./days";
import { formatDay, formatExact, formatValue, visible } from "./format";

export type Period = "today" | "yesterday" | "week" | "month";

/** Periods of days that have a name. */
export const PERIODS: readonly { readonly name: Period; readonly range: Range }[] = [
  { name: "today", range: { gte: "today", lt: "tomorrow" } },
  { name: "yesterday", range: { gte: "yesterday", lt: "today" } },
  { name: "week", range: { gte: "today-6", lt: "tomorrow" } },
  { name: "month", range: { gte: "today-29", lt: "tomorrow" } },
];

export const isEmptiness = (condition: Condition): boolean =>
  isList(condition) &&
  condition.length > 0 &&
  condition.every((value) => value === null || value === "");

/**
 * Whether the text is a phrase that follows the column's name without a colon: "Note is empty", but
 * "Status: pending".
 */
export const speaksForItself = (condition: Condition): boolean =>
  isList(condition)
    ? isEmptiness(condition)
    : condition.contains !== undefined || condition.not !== undefined;

export const isSame = (a: Condition, b: Condition): boolean => sorted(a) === sorted(b);

const sorted = (condition: Condition): string =>
  JSON.stringify(isList(condition) ? condition : Object.entries(condition).sort());

export function describeCondition(condition: Condition, column: Column | undefined): string {
  if (isEmptiness(condition)) return words.filters.isEmpty;
  const text = (value: Value) => valueText(value, column);
  if (isList(condition)) return words.filters.or(condition.map(text));
  const period = isTime(column) && PERIODS.find(({ range }) => isSame(range, condition));
  if (period) return words.midSentence(words.filters.periods[period.name]);
  const { not, contains, gte, gt, lte, lt } = condition;
  const excluded = not === undefined ? [] : [not].flat();
  return [
    ...(isEmptiness(excluded)
      ? [words.filters.isNotEmpty]
      : excluded.map((value) => words.filters.isNot(text(value)))),
    contains !== undefined && words.filters.contains(visible(contains)),
    boundsText({ gte, gt, lte, lt }, column),
  ]
    .filter(Boolean)
    .join(", ");
}

type Bounds = Partial<Record<"gte" | "gt" | "lte" | "lt", Value | undefined>>;

function boundsText({ gte, gt, lte, lt }: Bounds, column: Column | undefined): string {
  const text = (value: Value) => valueText(value, column);
  const say = words.filters;
  const until = isTime(column) && lt !== undefined ? lastBefore(lt, column) : undefined;
  const last = lte === undefined ? until : text(lte);
  if (gte !== undefined && last !== undefined)
    return text(gte) === last ? last : words.filters.range(text(gte), last);
  return [
    gte !== undefined && say.atLeast(text(gte)),
    gt !== undefined && (isTime(column) ? say.after(text(gt)) : say.over(text(gt))),
    last !== undefined && say.atMost(last),
    lt !== undefined &&
      until === undefined &&
      (isTime(column) ? say.before(text(lt)) : say.under(text(lt))),
  ]
    .filter(Boolean)
    .join(", ");
}

/** Returns the last day before a midnight; undefined if the value is not a midnight. */
function lastBefore(value: Value, column: Column | undefined): string | undefined {
  const day = typeof value === "string" ? dayIn(value, column) : undefined;
  if (!day) return undefined;
  day.setDate(day.getDate() - 1);
  return formatDay(day);
}

/**
 * Returns the day, in the reader's time zone, that begins at a value; undefined if no day begins there.
 */
export function dayIn(
  value: string,
  column: Pick<Column, "kind" | "type"> | undefined,
): Date | undefined {
  const days = daysFromToday(value);
  if (days !== undefined) return midnight(days, Date.now());
  const isLocal = column?.kind === "date" || column?.type.includes("without time zone");
  const day = new Date(isLocal && value.length === 10 ? `${value}T00:00:00` : value);
  return !Number.isNaN(day.getTime()) && day.getTime() === midnight(0, day.getTime()).getTime()
    ? day
    : undefined;
}

const DAYS = ["yesterday", "today", "tomorrow"] as const;

function valueText(value: Value, column: Column | undefined): string {
  if (value === null) return words.filters.empty;
  const text = String(value);
  if (column?.kind === "boolean") return formatValue(text === "true", column);
  if (!isTime(column)) return visible(text);
  const days = daysFromToday(text);
  if (days !== undefined && Math.abs(days) <= 1)
    return words.filters.days[DAYS[days + 1] ?? "today"];
  const day = dayIn(text, column);
  return day ? formatDay(day) : formatExact(text);
}
