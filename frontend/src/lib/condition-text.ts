/** A condition in words, for chips and titles: "is empty", "100 to 200", "last 7 days". Pure. */
import type { Column, Range, Value } from "real-time-orders";
import { type Condition, isList } from "./conditions";
import { daysFromToday, isTime, midnight } from "./days";
import { formatDay, formatExact, formatValue, visible } from "./format";

/** Conditions on a day or a moment that have a name. */
export const PERIODS: readonly { readonly name: string; readonly range: Range }[] = [
  { name: "Today", range: { gte: "today", lt: "tomorrow" } },
  { name: "Yesterday", range: { gte: "yesterday", lt: "today" } },
  { name: "Last 7 days", range: { gte: "today-6", lt: "tomorrow" } },
  { name: "Last 30 days", range: { gte: "today-29", lt: "tomorrow" } },
];

export const isEmptiness = (condition: Condition): boolean =>
  isList(condition) &&
  condition.length > 0 &&
  condition.every((value) => value === null || value === "");

export const isSame = (a: Condition, b: Condition): boolean => sorted(a) === sorted(b);

const sorted = (condition: Condition): string =>
  JSON.stringify(isList(condition) ? condition : Object.entries(condition).sort());

export function describeCondition(condition: Condition, column: Column | undefined): string {
  if (isEmptiness(condition)) return "is empty";
  const text = (value: Value) => valueText(value, column);
  if (isList(condition)) return condition.map(text).join(" or ");
  const period = isTime(column) && PERIODS.find(({ range }) => isSame(range, condition));
  if (period) return period.name.toLowerCase();
  const { not, contains, gte, gt, lte, lt } = condition;
  const excluded = not === undefined ? [] : [not].flat();
  return [
    ...(isEmptiness(excluded)
      ? ["is not empty"]
      : excluded.map((value) => `is not ${text(value)}`)),
    contains !== undefined && `contains “${visible(contains)}”`,
    boundsText({ gte, gt, lte, lt }, column),
  ]
    .filter(Boolean)
    .join(", ");
}

type Bounds = Partial<Record<"gte" | "gt" | "lte" | "lt", Value | undefined>>;

function boundsText({ gte, gt, lte, lt }: Bounds, column: Column | undefined): string {
  const text = (value: Value) => valueText(value, column);
  const until = isTime(column) && lt !== undefined ? lastBefore(lt, column) : undefined;
  const last = lte === undefined ? until : text(lte);
  if (gte !== undefined && last !== undefined)
    return text(gte) === last ? last : `${text(gte)} to ${last}`;
  return [
    gte !== undefined && `from ${text(gte)}`,
    gt !== undefined && (isTime(column) ? `after ${text(gt)}` : `over ${text(gt)}`),
    last !== undefined && `up to ${last}`,
    lt !== undefined &&
      until === undefined &&
      (isTime(column) ? `before ${text(lt)}` : `under ${text(lt)}`),
  ]
    .filter(Boolean)
    .join(", ");
}

/** The last day before a midnight; undefined where the value is another moment. */
function lastBefore(value: Value, column: Column | undefined): string | undefined {
  const day = typeof value === "string" ? dayIn(value, column) : undefined;
  if (!day) return undefined;
  day.setDate(day.getDate() - 1);
  return formatDay(day);
}

/** The reader's day that begins with a value; undefined where none does. */
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

function valueText(value: Value, column: Column | undefined): string {
  if (value === null) return "empty";
  const text = String(value);
  if (column?.kind === "boolean") return formatValue(text === "true", column);
  if (!isTime(column)) return visible(text);
  const days = daysFromToday(text);
  if (days !== undefined && Math.abs(days) <= 1)
    return ["yesterday", "today", "tomorrow"][days + 1] ?? "";
  const day = dayIn(text, column);
  return day ? formatDay(day) : formatExact(text);
}
