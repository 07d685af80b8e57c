import { useState } from "react";
import type { Row } from "real-time-orders";
import { HeldRows, type LiveRows } from "../model/held-rows";
import type { FeedState } from "../model/orders-feed";

interface Holding<R extends Row> {
  readonly held: HeldRows<R>;
  readonly live: LiveRows<R>;
  readonly view: readonly unknown[];
}

/** The rows to show: the live rows, or while `hold` rows that keep their places. */
export function useHeldRows<R extends Row>(
  { rows, pages, filter, sort }: FeedState<R>,
  keyOf: LiveRows<R>["keyOf"],
  hold: boolean,
): HeldRows<R> {
  const live: LiveRows<R> = { rows, pages, keyOf };
  const view = [filter, sort];
  const [state, setState] = useState<Holding<R>>(() => ({ held: HeldRows.of(live), live, view }));
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
