import { useState } from "react";
import { HeldRows, type LiveRows } from "../model/held-rows";
import type { FeedState } from "../model/orders-feed";
import { isNewestFirst } from "../model/order-sort";

interface Holding {
  readonly held: HeldRows;
  readonly live: LiveRows;
  readonly view: readonly unknown[];
}

/** The rows to show: as they are, or, while `hold`, standing still. */
export function useHeldRows({ table, rows, sort }: FeedState, hold: boolean): HeldRows {
  const live: LiveRows = { rows, index: table.orders, floor: table.floor };
  const view = [table.filter, sort];
  const [state, setState] = useState<Holding>(() => ({ held: HeldRows.of(live), live, view }));
  const sameView = view.every((part, at) => part === state.view[at]);
  // While the rest is being loaded, an order of its own is not there yet to be held.
  const complete = isNewestFirst(sort) || table.cursor === null;
  const keep = hold && sameView && complete && table.orders.size > 0;
  const held = keep
    ? state.held.over(live)
    : state.held.isOf(live)
      ? state.held
      : HeldRows.of(live);
  if (held !== state.held || !sameView) setState({ held, live, view });
  return held;
}
