/** Filter and sorting of the table, in the forms of the address, the API and the stream. */
import {
  type Filter,
  filterToQuery,
  type Matcher,
  matcherOf as rowMatcherOf,
} from "real-time-orders";
import type { OrderSchema } from "@/lib/schema";
import {
  isNewestFirst,
  NEWEST_FIRST,
  type OrderSort,
  sortFromText,
  sortToText,
} from "./order-sort";

export interface OrderFilter {
  readonly status: string | null;
  /** The whole name of one customer. */
  readonly customer: string | null;
  readonly search: string;
}

export interface OrderView {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
}

export const EVERYTHING: OrderFilter = { status: null, customer: null, search: "" };
export const PLAIN_VIEW: OrderView = { filter: EVERYTHING, sort: NEWEST_FIRST };

export const isEverything = (filter: OrderFilter): boolean =>
  filter.status === null && filter.customer === null && filter.search === "";

/** Decides for orders from the stream what the API's filters decide for the rows of a page. */
export const matcherOf = (filter: OrderFilter, schema: OrderSchema): Matcher =>
  rowMatcherOf(toFilter(filter, schema), filter.search, schema.table);

/** Whether customer and search match, whatever the status. */
export const restMatcherOf = (filter: OrderFilter, schema: OrderSchema): Matcher =>
  matcherOf({ ...filter, status: null }, schema);

/** The conditions on columns; a role that no column has sets none. */
export function toFilter({ status, customer }: OrderFilter, schema: OrderSchema): Filter {
  const conditions: Record<string, [string | null]> = {};
  const set = (role: "status" | "customer", value: string | null) => {
    const column = schema.role(role);
    if (column && value !== null)
      conditions[column.name] = [role === "status" ? value || null : value];
  };
  set("status", status);
  set("customer", customer);
  return conditions;
}

/** The filter as the API takes it. */
export function toQuery(filter: OrderFilter, schema: OrderSchema): URLSearchParams {
  const query = filterToQuery(toFilter(filter, schema), schema.table);
  if (filter.search !== "") query.set("search", filter.search);
  return query;
}

export function viewToQuery({ filter, sort }: OrderView): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.status !== null) query.set("status", filter.status);
  if (filter.customer !== null) query.set("customer", filter.customer);
  if (filter.search !== "") query.set("search", filter.search);
  if (!isNewestFirst(sort)) query.set("sort", sortToText(sort));
  return query;
}

export function viewFromQuery(query: URLSearchParams): OrderView {
  const filter = {
    status: query.get("status"),
    customer: query.get("customer"),
    search: query.get("search") ?? "",
  };
  return { filter, sort: sortFromText(query.get("sort")) };
}
