import type { Order, OrderEvent } from "@/lib/protocol";
import type { OrderIndex } from "./order-index";

/** What just happened to an order, for the moment in which its row shows it. */
export interface Touch {
  readonly position: number;
  readonly isNew: boolean;
  /** Values, as the row showed them, of what changed. */
  readonly was: Readonly<Partial<Order>>;
  readonly at: number;
}
export type Touches = ReadonlyMap<number, Touch>;

export const NO_TOUCHES: Touches = new Map();
/** How long it is shown. */
export const TOUCH_MS = 5000;

/** More than anyone can see at once; of a burst only the newest are remembered. */
const MOST = 200;
const SHOWN = ["customer_name", "product_name", "quantity", "status"] as const;

/** `before` is what the rows showed before the events. */
export function touch(
  touches: Touches,
  events: readonly OrderEvent[],
  before: OrderIndex,
  now: number,
): Touches {
  const next = new Map(fade(touches, now));
  for (const { order_id, order, position, operation } of events.slice(-MOST)) {
    if (order_id === null || order === null) continue;
    const known = before.get(order_id);
    const was = known ? { ...next.get(order_id)?.was, ...differences(known, order) } : {};
    const isNew = operation === "INSERT" && known === undefined;
    if (isNew || Object.keys(was).length > 0) next.set(order_id, { position, isNew, was, at: now });
  }
  return next;
}

export function fade(touches: Touches, now: number): Touches {
  const left = [...touches].filter(([, { at }]) => now - at < TOUCH_MS);
  return left.length === touches.size ? touches : new Map(left);
}

function differences(before: Order, after: Order): Partial<Order> {
  return Object.fromEntries(
    SHOWN.filter((column) => before[column] !== after[column]).map((column) => [
      column,
      before[column],
    ]),
  );
}
