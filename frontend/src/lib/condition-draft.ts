/** The state of the form for a filter's condition, for every kind of column. Pure. */
import type { Column, Range, Value } from "real-time-orders";
import { words } from "@/words";
import { dayIn, isEmptiness, isSame, type Period, PERIODS } from "./condition-text";
import { type Condition, isList } from "./conditions";
import { dayOf, isTime, startOf } from "./days";
import { withDecimalSign, withPoint } from "./locale";

/** The kinds of conditions in the form. */
export type Mode =
  "any of" | "none of" | "contains" | "is" | "is not" | "between" | "empty" | "filled";

export interface Draft {
  readonly mode: Mode;
  /** For "any of" and "none of"; null stands for rows without a value. */
  readonly values: readonly (string | null)[];
  /** For "contains", "is" and "is not". */
  readonly text: string;
  /**
   * For "between": numbers as text, or days such as `2026-05-31`. Both bounds are included; "" for no
   * bound.
   */
  readonly from: string;
  readonly to: string;
  /** For "between" with days: the name of a period; "" if the user gives the days. */
  readonly period: Period | "";
}

type Filtered = Pick<Column, "kind" | "type" | "nullable" | "choices">;

const isText = ({ kind }: Pick<Column, "kind">): boolean => kind === "text";

/** Returns the kinds of conditions for a column, the most usual first. */
export function modesOf(column: Filtered): readonly Mode[] {
  const emptiness: Mode[] = column.nullable || isText(column) ? ["empty", "filled"] : [];
  switch (column.kind) {
    case "choice":
      return ["any of", "none of", ...emptiness];
    case "boolean":
      return ["any of", ...emptiness];
    case "text":
      return ["contains", "is", "is not", ...emptiness];
    case "integer":
    case "number":
    case "date":
    case "timestamp":
      return ["between", ...emptiness];
    case "json":
    case "array":
      return emptiness;
    default:
      return ["is", "is not", ...emptiness];
  }
}

/** Returns the values that the form offers; null stands for no value. */
export function offeredValues({ kind, choices, nullable }: Filtered): readonly (string | null)[] {
  const values = kind === "boolean" ? ["true", "false"] : (choices ?? []);
  return nullable ? [...values, null] : values;
}

/** Returns the form's state for a condition. If the form cannot show the condition, it is empty. */
export function draftOf(condition: Condition | undefined, column: Filtered): Draft {
  const modes = modesOf(column);
  const start: Draft = {
    mode: modes[0] ?? "empty",
    values: [],
    text: "",
    from: "",
    to: "",
    period: isTime(column) ? (PERIODS[0]?.name ?? "") : "",
  };
  if (!condition) return start;
  const read = isList(condition) ? ofValues(condition) : ofRange(condition, column);
  return modes.includes(read.mode ?? start.mode) ? { ...start, ...read } : start;
}

function ofValues(values: readonly Value[]): Partial<Draft> {
  if (isEmptiness(values)) return { mode: "empty", values: [null] };
  const texts = values.map((value) => (value === null ? null : String(value)));
  return { mode: "any of", values: texts, text: texts[0] ?? "" };
}

function ofRange(range: Range, column: Filtered): Partial<Draft> {
  const { not, contains, gte, lte, lt } = range;
  if (contains !== undefined) return { mode: "contains", text: contains };
  if (not !== undefined) {
    const values: readonly Value[] = [not].flat();
    if (isEmptiness(values)) return { mode: "filled" };
    return { ...ofValues(values), mode: column.kind === "choice" ? "none of" : "is not" };
  }
  if (!isTime(column)) {
    return {
      mode: "between",
      from: withDecimalSign(textOf(gte)),
      to: withDecimalSign(textOf(lte)),
    };
  }
  const period = PERIODS.find((each) => isSame(each.range, range))?.name ?? "";
  const last = lte === undefined ? dayBefore(textOf(lt), column) : dayIn(textOf(lte), column);
  return { mode: "between", period, from: dayText(dayIn(textOf(gte), column)), to: dayText(last) };
}

const textOf = (value: Value | undefined): string => (value === undefined ? "" : String(value));
const dayText = (day: Date | undefined): string => (day ? dayOf(day) : "");

function dayBefore(text: string, column: Filtered): Date | undefined {
  const day = dayIn(text, column);
  day?.setDate(day.getDate() - 1);
  return day;
}

/** Returns the form's condition; null if the form is empty. */
export function conditionOf(draft: Draft, column: Filtered): Condition | null {
  const { mode, values, text, from, to } = draft;
  const none = isText(column) ? [null, ""] : [null];
  switch (mode) {
    case "any of":
      return values.length > 0 ? values : null;
    case "none of":
      return values.length > 0 ? { not: values } : null;
    case "contains":
      return text.trim() === "" ? null : { contains: text.trim() };
    case "is":
      return text === "" ? null : [text];
    case "is not":
      return text === "" ? null : { not: text };
    case "empty":
      return none;
    case "filled":
      return { not: none.length > 1 ? none : null };
    case "between":
      if (isTime(column)) return days(draft, column);
      return ranged({ gte: bound(from) ?? "", lte: bound(to) ?? "" });
  }
}

function days({ period, from, to }: Draft, column: Filtered): Condition | null {
  const named = PERIODS.find(({ name }) => name === period);
  if (named) return named.range;
  if (column.kind === "date") return ranged({ gte: from, lte: to });
  const after = to === "" ? undefined : new Date(`${to}T00:00:00`);
  after?.setDate(after.getDate() + 1);
  return ranged({
    gte: from === "" ? "" : startOf(new Date(`${from}T00:00:00`), column),
    lt: after ? startOf(after, column) : "",
  });
}

function ranged(bounds: Readonly<Record<string, string>>): Range | null {
  const given = Object.entries(bounds).filter(([, text]) => text !== "");
  return given.length > 0 ? Object.fromEntries(given) : null;
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
const bound = (typed: string): string | null => withPoint(typed.trim());

/** Returns why the form cannot be applied; null if it can. */
export function problemOf({ mode, from, to, period }: Draft, { kind }: Filtered): string | null {
  if (mode !== "between" || period !== "") return null;
  const isNumber = kind === "integer" || kind === "number";
  const bounds = [from, to].map((text) => (isNumber ? (bound(text) ?? "?") : text));
  const [low, high] = bounds;
  const given = bounds.filter((text) => text !== "");
  if (isNumber && !given.every((text) => NUMBER.test(text)))
    return words.filters.enterNumbers(withDecimalSign("12.50"));
  if (kind === "integer" && given.some((text) => text.includes(".")))
    return words.filters.enterWhole;
  if (!low || !high) return null;
  const isReversed = isNumber ? Number(low) > Number(high) : low > high;
  return isReversed ? words.filters.reversed : null;
}
