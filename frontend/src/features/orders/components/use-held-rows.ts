import { useState } from "react";
import type { Row } from "real-time-orders";
import { HeldRows, type LiveRows } from "../model/held-rows";
import type { FeedState } from "../model/orders-feed";

interface Holding<R extends Row> {
  readonly held: HeldRows<R>;
  readonly live: LiveRows<R>;
  readonly view: readonly unknown[];
  readonly moved: number;
}

/**
 * Returns the rows to show: the live rows, or while `hold` is true, rows that keep their places.
 * `moved` is the sum of the places that held rows moved; the list must scroll by as much.
 */
export function useHeldRows<R extends Row>(
  { rows, start, pages, hasMore, filter, sort }: FeedState<R>,
  keyOf: LiveRows<R>["keyOf"],
  hold: boolean,
): Pick<Holding<R>, "held" | "moved"> {
  const live: LiveRows<R> = { rows, start, pages, hasMore, keyOf };
  const view = [filter, sort];
  const [state, setState] = useState<Holding<R>>(() => ({
    held: HeldRows.of(live),
    live,
    view,
    moved: 0,
  }));
  const sameView = view.every((part, at) => part === state.view[at]);
  const keep = hold && sameView && rows.length > 0;
  const held = keep
    ? state.held.over(live)
    : state.held.isOf(live)
      ? state.held
      : HeldRows.of(live);
  const moved = state.moved + (held === state.held ? 0 : held.moved);
  if (held !== state.held || !sameView) setState({ held, live, view, moved });
  return { held, moved };
}
