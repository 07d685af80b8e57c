/** Every request about orders that the dashboard makes. */
import {
  type ChangeEvent,
  type Id,
  readJson,
  RefusedError,
  toJson,
  versionOf,
  withJson,
} from "real-time-orders";
import { request, send } from "@/lib/http";
import { CountsPage, EventsPage, oneOrder } from "@/lib/protocol";
import { type Order } from "@/lib/row";

/** How many orders match, by status. */
export const countOrders = (filter: URLSearchParams, signal: AbortSignal): Promise<CountsPage> =>
  request(CountsPage, `/api/orders/counts?${filter.toString()}`, { signal });

/** A second attempt with the same key returns the order that the first one created. */
export function createOrder(
  orderJson: string,
  idempotencyKey: string,
  key: string,
): Promise<Order> {
  const headers = { "Idempotency-Key": idempotencyKey };
  return request(oneOrder(undefined, key), "/api/orders", withJson("POST", orderJson, headers));
}

/**
 * The condition that an order is as the user saw it: its version, or where it has none the tag that
 * the API gives to it, as long as it still looks the same.
 */
async function ifUnchanged(seen: Order): Promise<Record<string, string>> {
  if (versionOf(seen) > 0) return { "If-Match": `"${versionOf(seen)}"` };
  const response = await send(`/api/orders/${seen.id}`);
  const now = oneOrder(seen.id)(await readJson(response));
  if (now && toJson(now) !== toJson(seen)) {
    throw new RefusedError(412, "The order has changed since.", {}, { order: now });
  }
  const tag = response.headers.get("ETag");
  return tag === null ? {} : { "If-Match": tag };
}

/** Refused (412) when the order is no longer as the user saw it. */
export async function changeOrder(seen: Order, changeJson: string): Promise<Order> {
  const init = withJson("PUT", changeJson, await ifUnchanged(seen));
  return request(oneOrder(seen.id), `/api/orders/${seen.id}`, init);
}

/** Refused (412) when the order is no longer as the user saw it. */
export async function deleteOrder(seen: Order, leaving = false): Promise<void> {
  // keepalive: the page may be closing, and the user has already seen the order go. Then there is
  // no time for a request before it.
  const unconditional = leaving && versionOf(seen) === 0;
  const headers = unconditional ? {} : await ifUnchanged(seen);
  await send(`/api/orders/${seen.id}`, { method: "DELETE", headers, keepalive: leaving });
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
    return await request(oneOrder(id), `/api/orders/${id}`, { signal });
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
