/**
 * Conditions on the columns of any table, as the page keeps them: in the client package's form, but
 * each value is the text from the address. So they can be read before the schema is known, and a day
 * may be a word such as "today". Pure.
 */
import type { Column, Filter, Range, Table, Value } from "real-time-orders";
import { daysFromToday, onDay } from "./days";

export type Condition = readonly Value[] | Range;

const OPERATORS = ["eq", "not", "is", "gte", "gt", "lte", "lt", "contains"];
/**
 * Parameters of the page and the API. A condition on a column of such a name is written with an
 * operator.
 */
const RESERVED =
  "search sort limit cursor offset include attention columns delimiter bom view activity".split(
    " ",
  );

/** Returns the column and the operator in a parameter's name. */
function nameOf(parameter: string): readonly [string, string] {
  const dot = parameter.lastIndexOf(".");
  const operator = parameter.slice(dot + 1);
  return dot > 0 && OPERATORS.includes(operator)
    ? [parameter.slice(0, dot), operator]
    : [parameter, "eq"];
}

/**
 * Reads the conditions from an address, which names them as the API does:
 * `status=pending&total.gte=100`.
 */
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

/** Adds the conditions to an address. */
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
 * Returns the filter for the API and the stream: values have the types of their columns, and words for
 * days become dates. Drops columns that the table does not have.
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

/** Whether a condition changes at midnight. */
export const isRelative = (filter: Filter): boolean =>
  Object.values(filter).some((condition) =>
    Object.values(rangeOf(condition))
      .flat()
      .some((value) => typeof value === "string" && daysFromToday(value) !== undefined),
  );

/** Returns the filter with another condition on one column; null removes the condition. */
export function withCondition(filter: Filter, name: string, condition: Condition | null): Filter {
  const { [name]: before, ...others } = filter;
  if (condition === null) return others;
  // A changed condition keeps its position.
  return before === undefined ? { ...others, [name]: condition } : { ...filter, [name]: condition };
}
