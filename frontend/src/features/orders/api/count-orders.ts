import { request } from "@/lib/http";
import { CountsPage } from "@/lib/protocol";
import { type OrderFilter, toCountQuery } from "../model/order-filter";

/** How many there are of each status, whatever status the filter asks for. */
export function countOrders(filter: OrderFilter, signal: AbortSignal): Promise<CountsPage> {
  return request(CountsPage, `/api/orders/counts?${toCountQuery(filter).toString()}`, { signal });
}
