/** Decides which rows match a filter, by the same rules as the server. Pure. */
import { ORDERS } from "./messages.ts";
import type { Row } from "./row.ts";
import type { Column, Table } from "./schema.ts";
import { folded, searchOf } from "./search.ts";
import {
  compareForms,
  decimalOf,
  type Form,
  formOf,
  isDecimal,
  numericForm,
  rounded,
} from "./values.ts";

export type Value = string | number | bigint | boolean | null;

/**
 * Bounds, excluded values and a part of the text; all conditions must hold. `contains` ignores case and
 * accents. Null is outside every bound and contains no text.
 */
export interface Range {
  readonly gte?: Value;
  readonly gt?: Value;
  readonly lte?: Value;
  readonly lt?: Value;
  readonly not?: Value | readonly Value[];
  readonly contains?: string;
}

/** Conditions by column: a list of values, any of which matches, or a range. All columns must match. */
export type Filter = Readonly<Record<string, readonly Value[] | Range>>;

/** The filters of a subscription, by table. */
export type Tables = Readonly<Record<string, Filter>>;

export type Matcher = (row: Row) => boolean;

const BOUNDS = {
  gte: (order: number) => order >= 0,
  gt: (order: number) => order > 0,
  lte: (order: number) => order <= 0,
  lt: (order: number) => order < 0,
};

/** Returns a test for rows. `search`: words that must occur in a text column or in the row's key. */
export function matcherOf(filter: Filter, search: string, table: Table | undefined): Matcher {
  const tests = Object.entries(filter).map(([name, condition]) =>
    conditionOf(name, condition, table),
  );
  const found = search === "" ? undefined : searchOf(search, table);
  return (row) => tests.every((test) => test(row)) && (found?.(row) ?? true);
}

function conditionOf(given: string, condition: readonly Value[] | Range, table?: Table): Matcher {
  const name = columnOf(given, table);
  const column = table?.columns.find((each) => each.name === name);
  const admits = isList(condition) ? oneOf(condition, column) : within(condition, column);
  return (row) => Object.hasOwn(row, name) && admits(formOf(row[name], column));
}

/** Returns the name of the column. In the table of orders, `order_id` stands for the key. */
function columnOf(given: string, table: Table | undefined): string {
  const isKnown = table?.columns.some(({ name }) => name === given);
  if (given !== "order_id" || isKnown || (table && table.name !== ORDERS)) return given;
  return table?.key[0] ?? given;
}

const isList = (condition: readonly Value[] | Range): condition is readonly Value[] =>
  Array.isArray(condition);

type Admits = (form: Form) => boolean;

function oneOf(values: readonly Value[], column: Column | undefined): Admits {
  const forms = values.map((value) => givenForm(value, column));
  return (form) => forms.some((each) => compareForms(form, each) === 0);
}

function within({ not, contains, ...bounds }: Range, column: Column | undefined): Admits {
  const excluded = not === undefined ? [] : isValues(not) ? not : [not];
  const isExcluded = oneOf(excluded, column);
  const tests = Object.entries(bounds).map(([name, limit]) =>
    boundOf(BOUNDS[name as keyof typeof BOUNDS], givenForm(limit, column)),
  );
  if (contains !== undefined) tests.push(containing(contains));
  return (form) => !isExcluded(form) && tests.every((test) => test(form));
}

function containing(text: string): Admits {
  const part = folded(text);
  return (form) => typeof form === "string" && folded(form).includes(part);
}

const isValues = (not: Value | readonly Value[]): not is readonly Value[] => Array.isArray(not);

function boundOf(admits: (order: number) => boolean, limit: Form): Admits {
  return (form) => {
    if (!isDecimal(limit)) {
      const order = typeof form === "string" ? compareForms(form, limit) : undefined;
      return order !== undefined && admits(order);
    }
    if (form === "NaN") return admits(1); // PostgreSQL orders NaN after every other number
    const number = numericForm(form);
    const order = number && compareForms(number, limit);
    return order !== undefined && admits(order);
  };
}

/** Returns the form of a filter's value. Numbers and uuids may be written in several ways. */
function givenForm(value: Value, column: Column | undefined): Form {
  if (typeof value !== "string") return formOf(value, column);
  if (column?.kind === "integer" || column?.kind === "number")
    return rounded(decimalOf(value) ?? value, column.type);
  if (column?.kind === "uuid") return uuidOf(value);
  return formOf(value, column);
}

const uuidOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[{}-]|^urn:uuid:/g, "")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

/** Returns a filter as parameters of the API. */
export function filterToQuery(filter: Filter, table: Table | undefined): URLSearchParams {
  const query = new URLSearchParams();
  for (const [given, condition] of Object.entries(filter)) {
    const column = columnOf(given, table);
    const operators = isList(condition) ? { eq: condition } : condition;
    for (const [operator, value] of Object.entries(operators)) {
      for (const each of [value].flat()) {
        // An operator is needed for columns with the name of a parameter, such as "limit".
        if (each === null) query.append(`${column}.is`, operator === "not" ? "not_null" : "null");
        else query.append(`${column}.${operator}`, String(each));
      }
    }
  }
  return query;
}
