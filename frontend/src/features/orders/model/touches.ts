import { type ChangeEvent, keyOf, ORDERS, type Row } from "real-time-orders";
import type { RowKey } from "@/lib/row";
import { MAINTAINED } from "@/lib/schema";

/** What just happened to an order, for the few seconds that its row shows it. */
export interface Touch {
  readonly position: number;
  readonly isNew: boolean;
  /** The previous values of the columns that changed. */
  readonly was: Row;
  readonly at: number;
}
export type Touches = ReadonlyMap<RowKey, Touch>;

export const NO_TOUCHES: Touches = new Map();
/** How long a touch is shown. */
export const TOUCH_MS = 5000;

/** Changes that arrive together. */
const BURST = 30;
const MOST = 200;

/** `known` is the position that the rows show already: their first sight is no change. */
export function touch(
  touches: Touches,
  events: readonly ChangeEvent[],
  now: number,
  known = 0,
): Touches {
  const fresh = events.filter(({ position, row }) => position > known && row !== null);
  const left = fade(touches, now);
  // Where everything changes, marks would point at nothing.
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
