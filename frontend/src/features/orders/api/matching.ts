import { ordersPage } from "@/lib/protocol";
import { request } from "@/lib/http";
import type { Order } from "@/lib/row";

const PAGE = 500;

/**
 * Every order that matches a filter, newest first, page by page. An order that changes meanwhile is
 * neither left out nor found twice: pages follow each other by key.
 */
export async function* everyOrder(filter: URLSearchParams, key: string): AsyncGenerator<Order[]> {
  const query = new URLSearchParams(filter);
  query.set("limit", String(PAGE));
  for (;;) {
    const page = await request(ordersPage(key), `/api/orders?${query.toString()}`);
    yield page.orders;
    if (page.next_cursor === null) return;
    query.set("cursor", page.next_cursor);
  }
}
