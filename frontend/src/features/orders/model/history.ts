/** An order's history: its events in order, without duplicates. Pure. */
import { type ChangeEvent, ORDERS, type Row, rowsOf } from "real-time-orders";

const MOST_EVENTS = 2000;

/** Returns `known` with the new events; `known` itself if no event is new. */
export function mergeHistory(
  known: readonly ChangeEvent[],
  events: readonly ChangeEvent[],
): readonly ChangeEvent[] {
  const last = known.at(-1)?.position ?? 0;
  const fresh = events.filter(({ position }) => position > last);
  if (fresh.length === 0) return known;
  return [...known, ...fresh].slice(-MOST_EVENTS);
}

export interface Last {
  /** The order after its newest event; after a delete, the order as it was before. */
  readonly order: Row | null;
  readonly exists: boolean;
}

export function lastOf(events: readonly ChangeEvent[]): Last {
  let order: Row | null = null;
  let exists = false;
  for (const event of events) {
    if (event.table !== ORDERS) continue;
    const { before, after } = rowsOf(event);
    order = after ?? before ?? order;
    exists = after !== null;
  }
  return { order, exists };
}
