/** Filter and sorting of the table, in the forms of the address, the API and the stream. */
import type { Row } from "real-time-orders";
import { textIn } from "@/lib/row";
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

export type Matcher = (row: Row) => boolean;

/** Decides for orders from the stream what the API's filters decide for the rows of a page. */
export function matcherOf(filter: OrderFilter, schema: OrderSchema): Matcher {
  const matchesRest = restMatcherOf(filter, schema);
  const { status } = filter;
  return (row) => (status === null || schema.statusOf(row) === status) && matchesRest(row);
}

/** Whether customer and search match, whatever the status. */
export function restMatcherOf({ customer, search }: OrderFilter, schema: OrderSchema): Matcher {
  const words = fold(search).split(/\s+/).filter(Boolean);
  const searched = schema.columns.filter(({ kind }) => kind === "text" || kind === "choice");
  const isFound = (row: Row) => {
    if (search.startsWith("#")) return search.slice(1) === String(row.id);
    if (words.length === 0 || search === String(row.id)) return true;
    const text = fold(searched.map(({ name }) => textIn(row, name) ?? "").join("\n"));
    return words.every((word) => text.includes(word));
  };
  return (row) => (customer === null || schema.value("customer", row) === customer) && isFound(row);
}

/** The same folding as the API's: case and accents do not matter to a search. */
const fold = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("ς", "σ");

/** The filter as the API takes it. */
export function toQuery(
  { status, customer, search }: OrderFilter,
  schema: OrderSchema,
): URLSearchParams {
  const query = new URLSearchParams();
  const set = (role: "status" | "customer", value: string | null) => {
    const column = schema.role(role);
    if (!column || value === null) return;
    // The operators also work for a column whose name is a parameter, such as "limit".
    if (role === "status" && value === "") query.set(`${column.name}.is`, "null");
    else query.set(`${column.name}.eq`, value);
  };
  set("status", status);
  set("customer", customer);
  if (search !== "") query.set("search", search);
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
