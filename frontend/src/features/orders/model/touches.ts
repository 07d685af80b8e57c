import { type ChangeEvent, type Id, type Row, toJson } from "real-time-orders";
import type { OrderIndex } from "./order-index";

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

/** `before` is the table before the events. */
export function touch(
  touches: Touches,
  events: readonly ChangeEvent[],
  before: OrderIndex,
  now: number,
): Touches {
  const next = new Map(fade(touches, now));
  for (const { order_id, row, position, operation } of events.slice(-MOST)) {
    if (order_id === null || row === null) continue;
    const known = before.get(order_id);
    const was = known ? { ...next.get(order_id)?.was, ...differences(known, row) } : {};
    const isNew = operation === "INSERT" && known === undefined;
    if (isNew || Object.keys(was).length > 0) next.set(order_id, { position, isNew, was, at: now });
  }
  return next;
}

export function fade(touches: Touches, now: number): Touches {
  const left = [...touches].filter(([, { at }]) => now - at < TOUCH_MS);
  return left.length === touches.size ? touches : new Map(left);
}

function differences(before: Row, after: Row): Row {
  const changed = Object.keys(after).filter(
    (column) =>
      column in before && !UNTOLD.includes(column) && !isSame(before[column], after[column]),
  );
  return Object.fromEntries(changed.map((column) => [column, before[column]]));
}

const isSame = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && typeof b === "object" && toJson(a) === toJson(b));
