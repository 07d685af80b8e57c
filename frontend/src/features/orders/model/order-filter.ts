/** Filter and sort of the table, in the forms for the page's address, the API and the stream. */
import {
  type Attention,
  attends,
  type Filter,
  filterToQuery,
  type Matcher,
  matcherOf as rowMatcherOf,
} from "real-time-orders";
import { describeCondition, speaksForItself } from "@/lib/condition-text";
import { isList, readConditions, toValues, withCondition, writeConditions } from "@/lib/conditions";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import {
  isNewestFirst,
  NEWEST_FIRST,
  type OrderSort,
  sortFromText,
  sortToText,
} from "./order-sort";

export interface OrderFilter {
  /** By column. Values are texts as in the address; a day may be a word such as "today". */
  readonly conditions: Filter;
  readonly search: string;
  /** Only orders that have had their status for too long. */
  readonly attention?: Attention | undefined;
}

export interface OrderView {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
}

export const EVERYTHING: OrderFilter = { conditions: {}, search: "" };
export const PLAIN_VIEW: OrderView = { filter: EVERYTHING, sort: NEWEST_FIRST };

export const isEverything = ({ conditions, search, attention }: OrderFilter): boolean =>
  Object.keys(conditions).length === 0 && search === "" && !attention;

/** Returns a test for orders from the stream, with the same result as the API's filters. */
export function matcherOf(
  filter: OrderFilter,
  schema: OrderSchema,
  now: () => number = Date.now,
): Matcher {
  const passes = rowMatcherOf(toFilter(filter, schema), filter.search, schema.table);
  const waits = attends(filter.attention, schema.table, now);
  return waits ? (row) => passes(row) && waits(row) : passes;
}

/** Returns a test of all conditions but the one on the status. */
export const restMatcherOf = (
  filter: OrderFilter,
  schema: OrderSchema,
  now: () => number = Date.now,
): Matcher => matcherOf(withStatus(filter, schema, null), schema, now);

/** Returns the conditions for the API and the stream; words for days become dates. */
export const toFilter = (
  { conditions }: OrderFilter,
  schema: OrderSchema,
  now: number = Date.now(),
): Filter => toValues(conditions, schema.table, now);

/** Returns the filter as parameters of the API. */
export function toQuery(filter: OrderFilter, schema: OrderSchema): URLSearchParams {
  const query = filterToQuery(toFilter(filter, schema), schema.table);
  if (filter.search !== "") query.set("search", filter.search);
  if (filter.attention) query.set("attention", filter.attention);
  return query;
}

/** Returns the conditions as their chips show them, such as "Status: pending". */
export function filterInWords(filter: OrderFilter, schema: OrderSchema): string[] {
  const { conditions, search, attention } = filter;
  return [
    ...(attention ? [words.attention[attention]] : []),
    ...Object.entries(conditions).map(([name, condition]) => {
      const column = schema.column(name);
      const text = column ? describeCondition(condition, column) : words.filters.noSuchColumn;
      return `${schema.label(name)}${speaksForItself(condition) ? " " : ": "}${text}`;
    }),
    ...(search === "" ? [] : [words.filters.contains(search)]),
  ];
}

export function viewToQuery({ filter, sort }: OrderView): URLSearchParams {
  const query = new URLSearchParams();
  writeConditions(filter.conditions, query);
  if (filter.search !== "") query.set("search", filter.search);
  if (filter.attention) query.set("attention", filter.attention);
  if (!isNewestFirst(sort)) query.set("sort", sortToText(sort));
  return query;
}

export function viewFromQuery(query: URLSearchParams): OrderView {
  const attention = (["warn", "late"] as const).find((each) => each === query.get("attention"));
  const filter = {
    conditions: readConditions(query),
    search: query.get("search") ?? "",
    ...(attention && { attention }),
  };
  return { filter, sort: sortFromText(query.get("sort")) };
}

// --- short cuts ------------------------------------------------------------------------------------

/**
 * Returns the statuses that the filter lists, "" for orders without a status. Empty if the filter has
 * no list of statuses.
 */
export function statusesOf({ conditions }: OrderFilter, schema: OrderSchema): readonly string[] {
  const condition = conditions[schema.role("status")?.name ?? ""];
  return condition && isList(condition) ? condition.map((value) => String(value ?? "")) : [];
}

/** Returns a test whether the filter admits a status; "" stands for no status. */
export function statusMatcher(
  filter: OrderFilter,
  schema: OrderSchema,
): (status: string) => boolean {
  const name = schema.role("status")?.name ?? "";
  const condition = toFilter(filter, schema)[name];
  if (!condition) return () => true;
  const matches = rowMatcherOf({ [name]: condition }, "", schema.table);
  return (status) => matches({ [name]: status || null });
}

/** Returns the filter with one status, "" for no status; with null every status matches. */
export function withStatus(
  filter: OrderFilter,
  schema: OrderSchema,
  status: string | null,
): OrderFilter {
  const name = schema.role("status")?.name;
  if (name === undefined) return filter;
  const condition = status === null ? null : [status || null];
  return { ...filter, conditions: withCondition(filter.conditions, name, condition) };
}

/** Returns a filter for all orders of one customer, by the exact name. */
export function onlyCustomer(name: string, schema: OrderSchema): OrderFilter {
  const column = schema.role("customer")?.name;
  return column === undefined ? EVERYTHING : { ...EVERYTHING, conditions: { [column]: [name] } };
}
