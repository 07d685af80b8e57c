/** How many orders have each status. Pure. */
import { type ChangeEvent, type Matcher, type Row, rowsOf } from "real-time-orders";
import { type CountsPage } from "@/lib/protocol";
import type { OrderSchema } from "@/lib/schema";
import { type OrderFilter, statusesOf, statusMatcher } from "./order-filter";

/** Number of orders by status; orders without a status are counted under "". */
export type OrderCounts = ReadonlyMap<string, number>;

export const openCounts = ({ counts }: CountsPage): OrderCounts => new Map(Object.entries(counts));

/** Returns how many orders match the filter. `counts` must include every status. */
export function matchingIn(counts: OrderCounts, filter: OrderFilter, schema: OrderSchema): number {
  const isWanted = statusMatcher(filter, schema);
  return [...counts].reduce((sum, [status, count]) => (isWanted(status) ? sum + count : sum), 0);
}

export const countOf = (counts: OrderCounts, status: string | null): number =>
  Math.max(
    0,
    status === null
      ? [...counts.values()].reduce((sum, n) => sum + n, 0)
      : (counts.get(status) ?? 0),
  );

/**
 * Returns the declared statuses, then other statuses that orders have, then those that the filter
 * names. Returns none if no column has the role "status".
 */
export function statusesIn(
  schema: OrderSchema,
  counts: OrderCounts | null,
  filter: OrderFilter,
): readonly string[] {
  const { statuses } = schema;
  if (!schema.role("status")) return [];
  const found = [...(counts ?? [])].flatMap(([status, count]) => (count > 0 ? [status] : []));
  return [...new Set([...statuses, ...found.sort(), ...statusesOf(filter, schema)])];
}

/**
 * Returns the counts after some events. Only orders that `matches` accepts count; it ignores the
 * status.
 */
export function countEvents(
  counts: OrderCounts,
  events: readonly ChangeEvent[],
  schema: OrderSchema,
  matches: Matcher,
): OrderCounts {
  let next = new Map(counts);
  const add = (row: Row | null, by: number) => {
    if (!row || !matches(row)) return;
    const status = schema.statusOf(row);
    next.set(status, (next.get(status) ?? 0) + by);
  };
  for (const event of events) {
    if (event.operation === "TRUNCATE") next = new Map();
    const { before, after } = rowsOf(event);
    add(before, -1);
    add(after, 1);
  }
  return next;
}
