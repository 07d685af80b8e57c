/** Filter and sorting of the table, in the forms of the address, the API and the stream. */
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
  /** By column; values are texts as in the address, and days may be words. */
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

/** Decides for orders from the stream what the API's filters decide for the rows of a page. */
export function matcherOf(
  filter: OrderFilter,
  schema: OrderSchema,
  now: () => number = Date.now,
): Matcher {
  const passes = rowMatcherOf(toFilter(filter, schema), filter.search, schema.table);
  const waits = attends(filter.attention, schema.table, now);
  return waits ? (row) => passes(row) && waits(row) : passes;
}

/** Whether everything but the status matches. */
export const restMatcherOf = (
  filter: OrderFilter,
  schema: OrderSchema,
  now: () => number = Date.now,
): Matcher => matcherOf(withStatus(filter, schema, null), schema, now);

/** The conditions for API and stream, as they are now. */
export const toFilter = (
  { conditions }: OrderFilter,
  schema: OrderSchema,
  now: number = Date.now(),
): Filter => toValues(conditions, schema.table, now);

/** The filter as the API takes it. */
export function toQuery(filter: OrderFilter, schema: OrderSchema): URLSearchParams {
  const query = filterToQuery(toFilter(filter, schema), schema.table);
  if (filter.search !== "") query.set("search", filter.search);
  if (filter.attention) query.set("attention", filter.attention);
  return query;
}

/** What the filter asks for, as its chips say it: "Status: pending". */
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

/** The statuses that are asked for, "" for none; empty where every status is, or another condition. */
export function statusesOf({ conditions }: OrderFilter, schema: OrderSchema): readonly string[] {
  const condition = conditions[schema.role("status")?.name ?? ""];
  return condition && isList(condition) ? condition.map((value) => String(value ?? "")) : [];
}

/** Tells whether the filter's condition on the status admits one, "" for none. */
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

/** The filter with one status, "" for none; null: every status. */
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

/** Every order of one customer, by the whole name. */
export function onlyCustomer(name: string, schema: OrderSchema): OrderFilter {
  const column = schema.role("customer")?.name;
  return column === undefined ? EVERYTHING : { ...EVERYTHING, conditions: { [column]: [name] } };
}
