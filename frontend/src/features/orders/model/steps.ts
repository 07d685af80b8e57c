/** What a change of status would do to some orders, computed before the change. Pure. */
import { formatCount, visibleStatus } from "@/lib/format";
import type { Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";

/** An order as the user saw it, and its new status. */
export interface Step {
  readonly order: Order;
  readonly status: string;
}

/** The status to set; null: the usual next status of each order. */
export type Target = string | null;

/** How many orders would change to each status, and how many cannot change. */
export interface Forecast {
  readonly become: ReadonlyMap<string, number>;
  readonly left: number;
}

/** Returns the new status of an order that has this status; null if it cannot change. */
export function stepFrom(status: string, target: Target, schema: OrderSchema): string | null {
  if (target === null) return schema.stepOn(status);
  return schema.nextStatuses(status).includes(target) ? target : null;
}

export const stepsOf = (
  orders: readonly Order[],
  target: Target,
  schema: OrderSchema,
): readonly Step[] =>
  orders.flatMap((order) => {
    const status = stepFrom(schema.statusOf(order), target, schema);
    return status === null ? [] : [{ order, status }];
  });

/** Returns the forecast. `counts`: how many orders have each status. */
export function forecast(
  counts: ReadonlyMap<string, number>,
  target: Target,
  schema: OrderSchema,
): Forecast {
  const become = new Map<string, number>();
  let left = 0;
  for (const [status, count] of counts) {
    const next = stepFrom(status, target, schema);
    if (next === null) left += count;
    else if (count > 0) become.set(next, (become.get(next) ?? 0) + count);
  }
  return { become, left };
}

export const moving = ({ become }: Forecast): number =>
  [...become.values()].reduce((sum, count) => sum + count, 0);

/** Returns a text such as "3 become processing, 1 becomes shipped; 2 cannot". */
export function forecastText({ become, left }: Forecast): string {
  const parts = [...become].map(([status, count]) =>
    words.selection.become(count, visibleStatus(status)),
  );
  const cannot = left > 0 ? words.selection.cannot(formatCount(left)) : "";
  return [parts.join(", "), cannot].filter(Boolean).join("; ");
}

/** Returns the statuses that at least one of the orders can change to, in their declared order. */
export function targetsOf(
  counts: ReadonlyMap<string, number>,
  schema: OrderSchema,
): readonly string[] {
  const found = new Set(
    [...counts].flatMap(([status, count]) => (count > 0 ? schema.nextStatuses(status) : [])),
  );
  const declared = schema.statuses.filter((status) => found.has(status));
  return [...declared, ...[...found].filter((status) => !declared.includes(status))];
}

export function statusCounts(orders: readonly Order[], schema: OrderSchema): Map<string, number> {
  const counts = new Map<string, number>();
  for (const order of orders) {
    const status = schema.statusOf(order);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return counts;
}
