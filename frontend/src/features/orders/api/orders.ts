/** Every request about orders that the dashboard makes. */
import { RefusedError, request, send, withJson } from "@/lib/http";
import { type ChangeEvent, CountsPage, EventsPage, OneOrder, OrdersPage } from "@/lib/protocol";
import type { Id, Order } from "@/lib/row";

export interface PageRequest {
  readonly cursor: string | null;
  readonly limit: number;
  readonly signal: AbortSignal;
}

export function listOrders(filter: URLSearchParams, { cursor, limit, signal }: PageRequest) {
  const query = new URLSearchParams(filter);
  query.set("limit", String(limit));
  if (cursor !== null) query.set("cursor", cursor);
  return request(OrdersPage, `/api/orders?${query.toString()}`, { signal });
}

/** How many orders match, by status. */
export const countOrders = (filter: URLSearchParams, signal: AbortSignal): Promise<CountsPage> =>
  request(CountsPage, `/api/orders/counts?${filter.toString()}`, { signal });

/** A second attempt with the same key returns the order that the first one created. */
export function createOrder(orderJson: string, idempotencyKey: string): Promise<Order> {
  const headers = { "Idempotency-Key": idempotencyKey };
  return request(OneOrder, "/api/orders", withJson("POST", orderJson, headers));
}

const ifVersion = (version: number): Record<string, string> =>
  version > 0 ? { "If-Match": `"${version}"` } : {};

/** Refused (412) when the order no longer has the version that the user saw. */
export const changeOrder = (id: Id, changeJson: string, version: number): Promise<Order> =>
  request(OneOrder, `/api/orders/${id}`, withJson("PUT", changeJson, ifVersion(version)));

/** Refused (412) when the order no longer has the version that the user saw. */
export async function deleteOrder(id: Id, version: number, leaving = false): Promise<void> {
  // keepalive: the page may be closing, and the user has already seen the order go.
  const init = { method: "DELETE", headers: ifVersion(version), keepalive: leaving };
  await send(`/api/orders/${id}`, init);
}

export interface OrderHistory {
  /** As it is now; null where the order does not exist (any more). */
  readonly order: Order | null;
  /** Its events, oldest first; of a very long history the beginning. */
  readonly events: readonly ChangeEvent[];
}

const HISTORY_PAGE = 500;
const MOST_HISTORY_PAGES = 4;

export async function getHistory(id: Id, signal: AbortSignal): Promise<OrderHistory> {
  const [order, events] = await Promise.all([getOrder(id, signal), getEvents(id, signal)]);
  return { order, events };
}

async function getOrder(id: Id, signal: AbortSignal): Promise<Order | null> {
  try {
    return await request(OneOrder, `/api/orders/${id}`, { signal });
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) return null;
    throw error;
  }
}

async function getEvents(id: Id, signal: AbortSignal): Promise<ChangeEvent[]> {
  const events: ChangeEvent[] = [];
  for (let pages = 0; pages < MOST_HISTORY_PAGES; pages += 1) {
    const after = events.at(-1)?.position ?? 0;
    const path = `/api/orders/${id}/events?after=${after}&limit=${HISTORY_PAGE}`;
    const page = await request(EventsPage, path, { signal });
    events.push(...page.events);
    if (page.events.length < HISTORY_PAGE) break;
  }
  return events;
}
