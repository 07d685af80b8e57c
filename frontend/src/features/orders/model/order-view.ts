/** What the address says about the table: filter and order, for a bookmark or a reload. */
import { Status } from "@/lib/protocol";
import { EVERYTHING, type OrderFilter } from "./order-filter";
import {
  isNewestFirst,
  NEWEST_FIRST,
  type OrderSort,
  sortFromText,
  sortToText,
} from "./order-sort";

export interface OrderView {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
}

export const PLAIN_VIEW: OrderView = { filter: EVERYTHING, sort: NEWEST_FIRST };

export function viewToQuery({ filter, sort }: OrderView): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.status !== null) query.set("status", filter.status);
  if (filter.customer !== null) query.set("customer", filter.customer);
  if (filter.search !== "") query.set("search", filter.search);
  if (!isNewestFirst(sort)) query.set("sort", sortToText(sort));
  return query;
}

export function viewFromQuery(query: URLSearchParams): OrderView {
  const status = Status.safeParse(query.get("status"));
  const filter = {
    status: status.success ? status.data : null,
    customer: query.get("customer"),
    search: query.get("search") ?? "",
  };
  return { filter, sort: sortFromText(query.get("sort")) };
}
