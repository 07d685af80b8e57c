/** Every request about orders that the dashboard makes. */
import { type ChangeEvent, type Id, ORDERS, RefusedError } from "real-time-orders";
import { request } from "@/lib/http";
import { ActivityPage, CountsPage, EventsPage, oneOrder } from "@/lib/protocol";
import { type Order } from "@/lib/row";

/**
 * Counts the matching rows of a table, by status; under "" if the table has no column for the status.
 */
export const countRows = (
  table: string,
  filter: URLSearchParams,
  signal: AbortSignal,
): Promise<CountsPage> =>
  request(CountsPage, `/api/counts/${encodeURIComponent(table)}?${filter.toString()}`, { signal });

export const countOrders = (filter: URLSearchParams, signal: AbortSignal): Promise<CountsPage> =>
  countRows(ORDERS, filter, signal);

/** Returns an order with its rows of child tables, by table name. */
export async function getWithChildren(id: Id, children: readonly string[]): Promise<Order> {
  const query = new URLSearchParams(children.map((name) => ["include", name]));
  return request(oneOrder(id), `/api/orders/${id}?${query.toString()}`);
}

export interface OrderHistory {
  /** The order as it is now; null if it does not exist, or no longer. */
  readonly order: Order | null;
  /** Its events, oldest first. Of a very long history only the beginning is loaded. */
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

export async function getEvents(id: Id, signal: AbortSignal): Promise<ChangeEvent[]> {
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

export interface Removal {
  readonly operation: "DELETE" | "TRUNCATE";
  readonly actor: string | null;
  readonly ended_at: string;
}

/** Returns how orders were last removed; null if the newest part of the log has no removal. */
export async function lastRemoval(signal: AbortSignal): Promise<Removal | null> {
  const path = "/api/activity?operation=DELETE&operation=TRUNCATE";
  const { groups } = await request(ActivityPage, path, { signal });
  for (const { table, operation, actor, ended_at } of groups) {
    const removes = operation === "DELETE" || operation === "TRUNCATE";
    if (table === ORDERS && removes) return { operation, actor, ended_at };
  }
  return null;
}
