import { type ChangeEvent, keyOf, ORDERS, type Row } from "real-time-orders";
import type { RowKey } from "@/lib/row";
import { MAINTAINED } from "@/lib/schema";

/** The latest change of an order, marked in its row for a few seconds. */
export interface Touch {
  readonly position: number;
  readonly isNew: boolean;
  /** The previous values of the columns that changed. */
  readonly was: Row;
  readonly at: number;
}
export type Touches = ReadonlyMap<RowKey, Touch>;

export const NO_TOUCHES: Touches = new Map();
/** How long a change is marked. */
export const TOUCH_MS = 5000;

/** More changes than this at once are not marked. */
const BURST = 30;
const MOST = 200;

/**
 * Returns the marks after some events. The rows already show all events up to the position `known`, so
 * those get no mark.
 */
export function touch(
  touches: Touches,
  events: readonly ChangeEvent[],
  now: number,
  known = 0,
): Touches {
  const fresh = events.filter(({ position, row }) => position > known && row !== null);
  const left = fade(touches, now);
  // If many rows change at once, marks do not help the user.
  if (fresh.length === 0 || fresh.length > BURST || left.size > MOST) return left;
  const next = new Map(left);
  for (const event of fresh) {
    const { row, changed, position, operation } = event;
    const key = keyIn(event);
    if (key === null || row === null) continue;
    const isNew = operation === "INSERT";
    const told = Object.entries(changed ?? {}).filter(([column]) => !MAINTAINED.includes(column));
    const was = { ...next.get(key)?.was, ...Object.fromEntries(told) };
    if (isNew || told.length > 0) next.set(key, { position, isNew, was, at: now });
  }
  return next;
}

const keyIn = ({ table, order_id, key }: ChangeEvent): RowKey | null =>
  table === ORDERS ? order_id : key && keyOf(key, Object.keys(key));

export function fade(touches: Touches, now: number): Touches {
  const left = [...touches].filter(([, { at }]) => now - at < TOUCH_MS);
  return left.length === touches.size ? touches : new Map(left);
}
