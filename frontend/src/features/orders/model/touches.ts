import type { OrderEvent } from "@/lib/protocol";

/** What the newest event did to an order, for the moment in which the row shows it. */
export interface Touch {
  readonly position: number;
  readonly operation: OrderEvent["operation"];
  /** Old values of what changed. */
  readonly changed: Readonly<Record<string, unknown>> | null;
  readonly at: number;
}
export type Touches = ReadonlyMap<number, Touch>;

export const NO_TOUCHES: Touches = new Map();
/** How long it is shown. */
export const TOUCH_MS = 2000;

/** More than anyone can see at once; of a burst only the newest are remembered. */
const MOST = 200;

export function touch(touches: Touches, events: readonly OrderEvent[], now: number): Touches {
  const next = new Map(fade(touches, now));
  for (const { order_id, position, operation, changed } of events.slice(-MOST)) {
    if (order_id !== null) next.set(order_id, { position, operation, changed, at: now });
  }
  return next;
}

export function fade(touches: Touches, now: number): Touches {
  return new Map([...touches].filter(([, { at }]) => now - at < TOUCH_MS));
}
