import type { Order } from "@/lib/protocol";
import { Status } from "@/lib/protocol";

/** Which orders the table shows. */
export interface OrderFilter {
  readonly status: Status | null;
  readonly search: string;
}

export const EVERYTHING: OrderFilter = { status: null, search: "" };

export const isEverything = (filter: OrderFilter): boolean =>
  filter.status === null && filter.search === "";

/** The same answer that the API's `status` and `search` give, for orders that come by the stream. */
export function matches(filter: OrderFilter, order: Order): boolean {
  if (filter.status !== null && order.status !== filter.status) return false;
  if (filter.search === "") return true;
  const wanted = filter.search.toLowerCase();
  return (
    order.customer_name.toLowerCase().includes(wanted) ||
    order.product_name.toLowerCase().includes(wanted) ||
    String(order.id) === wanted
  );
}

export function toQuery(filter: OrderFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (filter.status !== null) query.set("status", filter.status);
  if (filter.search !== "") query.set("search", filter.search);
  return query;
}

export function fromQuery(query: URLSearchParams): OrderFilter {
  const status = Status.safeParse(query.get("status"));
  return { status: status.success ? status.data : null, search: query.get("search") ?? "" };
}
