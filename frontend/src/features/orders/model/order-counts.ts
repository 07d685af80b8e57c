/** How many orders there are of each status. Pure. */
import { type CountsPage, type Order, type OrderEvent, STATUSES } from "@/lib/protocol";
import { rowsOf } from "@/lib/rows-of";
import type { Status } from "@/lib/protocol";
import { matchesText, type OrderFilter } from "./order-filter";

export type OrderCounts = Readonly<Record<Status, number>>;

export const openCounts = ({ counts }: CountsPage): OrderCounts => counts;

export const totalOf = (counts: OrderCounts): number =>
  STATUSES.reduce((sum, status) => sum + counts[status], 0);

/** Count on with events, of those orders that match the filter whatever their status. */
export function countEvents(
  counts: OrderCounts,
  events: readonly OrderEvent[],
  filter: OrderFilter,
): OrderCounts {
  const next: Record<Status, number> = { ...counts };
  const add = (row: Readonly<Partial<Order>> | null, by: number) => {
    if (row?.status !== undefined && matchesText(filter, row)) next[row.status] += by;
  };
  for (const event of events) {
    if (event.operation === "TRUNCATE") for (const status of STATUSES) next[status] = 0;
    const { before, after } = rowsOf(event);
    add(before, -1);
    add(after, 1);
  }
  return next;
}
