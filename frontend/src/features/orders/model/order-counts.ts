/** How many orders have each status. Pure. */
import { type ChangeEvent, type Matcher, type Row, rowsOf } from "real-time-orders";
import { type CountsPage } from "@/lib/protocol";
import type { OrderSchema } from "@/lib/schema";
import { type OrderFilter, statusesOf, statusMatcher } from "./order-filter";

/** By status; orders without one count under "". */
export type OrderCounts = ReadonlyMap<string, number>;

export const openCounts = ({ counts }: CountsPage): OrderCounts => new Map(Object.entries(counts));

/** How many orders match, where the counts are those of every status. */
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
 * The declared statuses, those that orders have although they are not declared, and the chosen; none
 * where no column is the status.
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

/** Count the events of those orders that `matches` accepts, whatever their status. */
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
