import { RefusedError, request } from "@/lib/http";
import { EventsPage, Order, type OrderEvent } from "@/lib/protocol";

export interface OrderHistory {
  /** As it is now; null where there is none (any more). */
  readonly order: Order | null;
  /** What happened to it, oldest first; of a very long history the beginning. */
  readonly events: readonly OrderEvent[];
}

const PAGE = 500;
const MOST_PAGES = 4;

export async function getHistory(id: number, signal: AbortSignal): Promise<OrderHistory> {
  const [order, events] = await Promise.all([getOrder(id, signal), getEvents(id, signal)]);
  return { order, events };
}

async function getOrder(id: number, signal: AbortSignal): Promise<Order | null> {
  try {
    return await request(Order, `/api/orders/${id}`, { signal });
  } catch (error) {
    if (error instanceof RefusedError && error.status === 404) return null;
    throw error;
  }
}

async function getEvents(id: number, signal: AbortSignal): Promise<OrderEvent[]> {
  const events: OrderEvent[] = [];
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const after = events.at(-1)?.position ?? 0;
    const path = `/api/orders/${id}/events?after=${after}&limit=${PAGE}`;
    const page = await request(EventsPage, path, { signal });
    events.push(...page.events);
    if (page.events.length < PAGE) break;
  }
  return events;
}
