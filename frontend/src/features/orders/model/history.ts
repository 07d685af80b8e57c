/** An order's history: events in order, each once. Pure. */
import type { Order, OrderEvent } from "@/lib/protocol";
import { rowsOf } from "@/lib/rows-of";

const MOST_EVENTS = 2000;

/** Returns `known` itself where nothing is new. */
export function mergeHistory(
  known: readonly OrderEvent[],
  events: readonly OrderEvent[],
): readonly OrderEvent[] {
  const last = known.at(-1)?.position ?? 0;
  const fresh = events.filter(({ position }) => position > last);
  if (fresh.length === 0) return known;
  return [...known, ...fresh].slice(-MOST_EVENTS);
}

export interface Last {
  /** The order as its newest event left it, or as it was before it went. */
  readonly order: Partial<Order> | null;
  readonly exists: boolean;
}

export function lastOf(events: readonly OrderEvent[]): Last {
  let order: Partial<Order> | null = null;
  let exists = false;
  for (const event of events) {
    const { before, after } = rowsOf(event);
    order = after ?? before ?? order;
    exists = after !== null;
  }
  return { order, exists };
}
