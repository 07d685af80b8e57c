import { useState } from "react";
import { HeldRows, type LiveRows } from "../model/held-rows";
import type { FeedState } from "../model/orders-feed";

interface Holding {
  readonly held: HeldRows;
  readonly live: LiveRows;
  readonly view: readonly unknown[];
}

/** The rows to show: the live rows, or while `hold` rows that keep their places. */
export function useHeldRows({ rows, pages, filter, sort }: FeedState, hold: boolean): HeldRows {
  const live: LiveRows = { rows, pages };
  const view = [filter, sort];
  const [state, setState] = useState<Holding>(() => ({ held: HeldRows.of(live), live, view }));
  const sameView = view.every((part, at) => part === state.view[at]);
  const keep = hold && sameView && rows.length > 0;
  const held = keep
    ? state.held.over(live)
    : state.held.isOf(live)
      ? state.held
      : HeldRows.of(live);
  if (held !== state.held || !sameView) setState({ held, live, view });
  return held;
}
