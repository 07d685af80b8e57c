import { type RefObject, Suspense } from "react";
import type { Id, Observable } from "real-time-orders";
import { Marking } from "@/components/marked";
import { lazily } from "@/lib/lazily";
import { messageOf } from "@/lib/format";
import type { Order } from "@/lib/row";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { matchingIn, type OrderCounts } from "../model/order-counts";
import { EVERYTHING, isEverything, statusesOf } from "../model/order-filter";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { EmptyOrders, NothingFound, NotLoaded } from "./blank";
import { useOrders } from "./orders-context";
import { OrdersTable } from "./orders-table";
import styles from "./orders-view.module.css";
import { RowsPanel, sizeText } from "./rows-panel";
import type { ShowView } from "./use-view-address";

const SelectionBar = lazily(() => import("./selection-bar"), "SelectionBar");

interface OrdersViewProps {
  feed: OrdersFeed;
  /** How many orders match, by status. The filter's own condition on the status is ignored. */
  counts: Observable<OrderCounts | null>;
  current: Id | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onView: ShowView;
  onNewOrder: () => void;
}

export function OrdersView(props: OrdersViewProps) {
  const { feed, searchBox, onView } = props;
  const state = useObservable(feed.state);
  const counts = useObservablePerFrame(props.counts);
  const { filter, problem } = state;
  const schema = useSchema();
  const status = schema.role("status");
  /** Whether a tab shows the number of rows: not if several statuses are chosen. */
  const hasCount =
    status && (!(status.name in filter.conditions) || statusesOf(filter, schema).length === 1);
  const total = counts && matchingIn(counts, filter, schema);
  return (
    <RowsPanel
      name="orders"
      label={words.page.orders}
      size={hasCount ? null : sizeText(state, total)}
      problem={problem && state.loaded ? words.orders.couldNotLoad(messageOf(problem)) : null}
      onRetry={() => feed.reload()}
      {...{ state, counts, searchBox, onView }}
    >
      <Marking search={filter.search}>
        <Content {...props} {...{ state, total }} />
      </Marking>
      <SelectionSlot {...{ feed, counts }} />
    </RowsPanel>
  );
}

/** The place for actions on the selected orders, and for their results. */
function SelectionSlot({ feed, counts }: { feed: OrdersFeed; counts: OrderCounts | null }) {
  const { selection, runs, writes } = useOrders();
  const selected = useObservable(selection.state);
  const run = useObservable(runs.state);
  const offered = useObservable(writes.undos.state);
  if (selected.size === 0 && !run && (offered?.ids.size ?? 0) < 2) return null;
  return (
    <Suspense>
      <SelectionBar feed={feed} counts={counts} />
    </Suspense>
  );
}

interface ContentProps extends OrdersViewProps {
  state: FeedState<Order>;
  total: number | null;
}

function Content({ feed, state, total, current, onView, onNewOrder }: ContentProps) {
  const { filter, sort, rows, loaded, loading, problem } = state;
  if (!loaded && problem) return <NotLoaded problem={problem} onRetry={() => feed.reload()} />;
  if (rows.length > 0) return <OrdersTable {...{ feed, state, total, current, onView }} />;
  if (!loaded || loading === "page")
    return <p className={styles.loading}>{words.orders.loading}</p>;
  if (isEverything(filter)) return <EmptyOrders onNewOrder={onNewOrder} />;
  return <NothingFound onClear={() => onView({ filter: EVERYTHING, sort })} />;
}
