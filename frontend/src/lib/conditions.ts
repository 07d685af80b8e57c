/**
 * Conditions on the columns of any table, as the page keeps them: in the SDK's form, with every value
 * as the text that stands in the address. They can be read before the schema is known, and days may be
 * words. Pure.
 */
import type { Column, Filter, Range, Table, Value } from "real-time-orders";
import { daysFromToday, onDay } from "./days";

export type Condition = readonly Value[] | Range;

const OPERATORS = ["eq", "not", "is", "gte", "gt", "lte", "lt", "contains"];
/** Parameters of the page and the API: a column of such a name is written with an operator. */
const RESERVED =
  "search sort limit cursor offset include attention columns delimiter bom view activity".split(
    " ",
  );

/** A parameter's column and operator. */
function nameOf(parameter: string): readonly [string, string] {
  const dot = parameter.lastIndexOf(".");
  const operator = parameter.slice(dot + 1);
  return dot > 0 && OPERATORS.includes(operator)
    ? [parameter.slice(0, dot), operator]
    : [parameter, "eq"];
}

/** The conditions of an address, which has the API's words: `status=pending&total.gte=100`. */
export function readConditions(query: URLSearchParams): Filter {
  const read = new Map<string, { values: Value[]; not: Value[]; bounds: Record<string, string> }>();
  for (const [parameter, text] of query) {
    if (RESERVED.includes(parameter)) continue;
    const [name, operator] = nameOf(parameter);
    const known = read.get(name) ?? { values: [], not: [], bounds: {} };
    read.set(name, known);
    if (operator === "eq") known.values.push(text);
    else if (operator === "not") known.not.push(text);
    else if (operator !== "is") known.bounds[operator] = text;
    else if (text === "null") known.values.push(null);
    else if (text === "not_null") known.not.push(null);
  }
  return Object.fromEntries(
    [...read].flatMap(([name, { values, not, bounds }]): (readonly [string, Condition])[] => {
      if (values.length > 0) return [[name, values]];
      const range = { ...bounds, ...(not.length > 0 && { not: not.length > 1 ? not : not[0] }) };
      return Object.keys(range).length > 0 ? [[name, range]] : [];
    }),
  );
}

/** Add the conditions to an address. */
export function writeConditions(filter: Filter, query: URLSearchParams): void {
  for (const [name, condition] of Object.entries(filter)) {
    const isPlain = !RESERVED.includes(name) && nameOf(name)[0] === name;
    for (const [operator, given] of Object.entries(rangeOf(condition))) {
      for (const value of [given as Value | readonly Value[]].flat()) {
        if (value === null) query.append(`${name}.is`, operator === "not" ? "not_null" : "null");
        else
          query.append(isPlain && operator === "eq" ? name : `${name}.${operator}`, String(value));
      }
    }
  }
}

const rangeOf = (condition: Condition): Range | { readonly eq: readonly Value[] } =>
  isList(condition) ? { eq: condition } : condition;

export const isList = (condition: Condition): condition is readonly Value[] =>
  Array.isArray(condition);

/**
 * The filter for the API and the stream: values of the columns' kinds, words as the days that they
 * mean now. Columns that the table does not have set no condition.
 */
export function toValues(filter: Filter, table: Pick<Table, "columns">, now: number): Filter {
  const columns = new Map(table.columns.map((column) => [column.name, column]));
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, condition]): (readonly [string, Condition])[] => {
      const column = columns.get(name);
      if (!column) return [];
      const read = (value: Value) => readValue(value, column, now);
      if (isList(condition)) return [[name, condition.map(read)]];
      const range = Object.entries(condition).map(([operator, value]) => [
        operator,
        Array.isArray(value) ? (value as Value[]).map(read) : read(value as Value),
      ]);
      return [[name, Object.fromEntries(range) as Range]];
    }),
  );
}

function readValue(value: Value, column: Column, now: number): Value {
  if (typeof value !== "string") return value;
  if (column.kind === "boolean") return value === "true" || (value === "false" ? false : value);
  return onDay(value, column, now);
}

/** Whether a condition moves with midnight. */
export const isRelative = (filter: Filter): boolean =>
  Object.values(filter).some((condition) =>
    Object.values(rangeOf(condition))
      .flat()
      .some((value) => typeof value === "string" && daysFromToday(value) !== undefined),
  );

/** The filter with another condition on one column; null: none. */
export function withCondition(filter: Filter, name: string, condition: Condition | null): Filter {
  const { [name]: before, ...others } = filter;
  if (condition === null) return others;
  // A condition that is changed keeps its place.
  return before === undefined ? { ...others, [name]: condition } : { ...filter, [name]: condition };
}
