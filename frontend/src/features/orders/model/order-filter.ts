import type { Order } from "@/lib/protocol";
import { Status } from "@/lib/protocol";

/** Which orders the table shows. */
export interface OrderFilter {
  readonly status: Status | null;
  /** The whole name of one customer. */
  readonly customer: string | null;
  readonly search: string;
}

export const EVERYTHING: OrderFilter = { status: null, customer: null, search: "" };

export const isEverything = (filter: OrderFilter): boolean =>
  filter.status === null && filter.customer === null && filter.search === "";

/** The same answer that the API's filters give, for orders that come by the stream. */
export function matches(filter: OrderFilter, order: Order): boolean {
  return (filter.status === null || order.status === filter.status) && matchesText(filter, order);
}

/** Whether customer and search match, whatever the status. */
export function matchesText({ customer, search }: OrderFilter, order: Partial<Order>): boolean {
  const { id, customer_name = "", product_name = "" } = order;
  if (customer !== null && customer_name !== customer) return false;
  if (search === "") return true;
  const wanted = search.toLowerCase();
  return (
    customer_name.toLowerCase().includes(wanted) ||
    product_name.toLowerCase().includes(wanted) ||
    String(id) === wanted
  );
}

/** As the API takes it. */
export function toQuery(filter: OrderFilter): URLSearchParams {
  const query = toCountQuery(filter);
  if (filter.status !== null) query.set("status", filter.status);
  return query;
}

/** As the API counts: whatever the status. */
export function toCountQuery({ customer, search }: OrderFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (customer !== null) query.set("customer_name", customer);
  if (search !== "") query.set("search", search);
  return query;
}
