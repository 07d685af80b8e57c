import type { ChangeEvent, Id, Row } from "real-time-orders";

/** What just happened to an order, for the few seconds that its row shows it. */
export interface Touch {
  readonly position: number;
  readonly isNew: boolean;
  /** The previous values of the columns that changed. */
  readonly was: Row;
  readonly at: number;
}
export type Touches = ReadonlyMap<Id, Touch>;

export const NO_TOUCHES: Touches = new Map();
/** How long a touch is shown. */
export const TOUCH_MS = 5000;

/** More rows than fit on a screen; of a burst only the newest are kept. */
const MOST = 200;
/** These change with every event. */
const UNTOLD = ["version", "updated_at"];

export function touch(touches: Touches, events: readonly ChangeEvent[], now: number): Touches {
  const next = new Map(fade(touches, now));
  for (const { order_id, row, changed, position, operation } of events.slice(-MOST)) {
    if (order_id === null || row === null) continue;
    const isNew = operation === "INSERT";
    const told = Object.entries(changed ?? {}).filter(([column]) => !UNTOLD.includes(column));
    const was = { ...next.get(order_id)?.was, ...Object.fromEntries(told) };
    if (isNew || told.length > 0) next.set(order_id, { position, isNew, was, at: now });
  }
  return next;
}

export function fade(touches: Touches, now: number): Touches {
  const left = [...touches].filter(([, { at }]) => now - at < TOUCH_MS);
  return left.length === touches.size ? touches : new Map(left);
}
