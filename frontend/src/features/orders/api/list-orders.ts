import { request } from "@/lib/http";
import { OrdersPage } from "@/lib/protocol";
import { type OrderFilter, toQuery } from "../model/order-filter";

export interface PageRequest {
  readonly cursor: string | null;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export function listOrders(filter: OrderFilter, { cursor, limit, signal }: PageRequest) {
  const query = toQuery(filter);
  query.set("limit", String(limit));
  if (cursor !== null) query.set("cursor", cursor);
  return request(OrdersPage, `/api/orders?${query.toString()}`, { signal });
}
