import { lazy, type RefObject, Suspense, useCallback, useRef } from "react";
import type { Id, Observable } from "real-time-orders";
import { Marking } from "@/components/marked";
import { formatCount, messageOf } from "@/lib/format";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { matchingIn, type OrderCounts } from "../model/order-counts";
import { EVERYTHING, isEverything, type OrderFilter, statusesOf } from "../model/order-filter";
import type { OrderSort } from "../model/order-sort";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { EmptyOrders, NothingFound, NotLoaded } from "./blank";
import styles from "./orders-view.module.css";
import { focusResults } from "./focus-results";
import { FilterBar } from "./filter-bar";
import { OrdersTable } from "./orders-table";
import { useOrders } from "./orders-context";

const SelectionBar = lazy(async () => ({
  default: (await import("./selection-bar")).SelectionBar,
}));

interface OrdersViewProps {
  feed: OrdersFeed;
  /** Counts of the orders that match, whatever their status. */
  counts: Observable<OrderCounts | null>;
  current: Id | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onFilter: (filter: OrderFilter) => void;
  onSort: (sort: OrderSort) => void;
  onNewOrder: () => void;
}

export function OrdersView(props: OrdersViewProps) {
  const { feed, counts, current, searchBox, onFilter, onSort, onNewOrder } = props;
  const state = useObservable(feed.state);
  const known = useObservablePerFrame(counts);
  const { filter } = state;
  const schema = useSchema();
  const panel = useRef<HTMLElement>(null);
  const clear = useCallback(() => onFilter(EVERYTHING), [onFilter]);
  const status = schema.role("status");
  /** A tab has the number; not where several statuses are chosen. */
  const hasCount =
    status && (!(status.name in filter.conditions) || statusesOf(filter, schema).length === 1);
  const total = known && matchingIn(known, filter, schema);
  return (
    <section ref={panel} className={styles.panel} aria-labelledby="orders-heading">
      <FilterBar
        title={
          <div className={styles.title}>
            <h2 id="orders-heading">{words.page.orders}</h2>
            {!hasCount && <span className={styles.count}>{sizeText(state, total)}</span>}
          </div>
        }
        {...{ filter, sort: state.sort, counts: known, searchBox, onFilter, onSort }}
        onLeave={(target) => {
          focusResults(panel.current, "table"); // at once: the next key is no longer for the box
          if (target === "row") requestAnimationFrame(() => focusResults(panel.current, target));
        }}
      />
      {state.problem && state.loaded && (
        <div className={styles.problem} role="alert">
          <span>{words.orders.couldNotLoad(messageOf(state.problem))}</span>
          <button type="button" onClick={() => feed.reload()}>
            {words.do.tryAgain}
          </button>
        </div>
      )}
      <Marking search={filter.search}>
        <Content {...{ feed, state, total, current, onSort, onNewOrder }} onClear={clear} />
      </Marking>
      <SelectionSlot feed={feed} counts={known} />
    </section>
  );
}

/** Where actions on the selected orders are, and what became of them. */
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

interface ContentProps {
  feed: OrdersFeed;
  state: FeedState;
  total: number | null;
  current: Id | null;
  onSort: (sort: OrderSort) => void;
  onNewOrder: () => void;
  onClear: () => void;
}

function Content(props: ContentProps) {
  const { feed, state, total, current, onSort, onNewOrder, onClear } = props;
  const { filter, rows, loaded, loading, problem } = state;
  if (!loaded && problem) return <NotLoaded problem={problem} onRetry={() => feed.reload()} />;
  if (rows.length > 0) return <OrdersTable {...{ feed, state, total, current, onSort }} />;
  if (!loaded || loading === "page")
    return <p className={styles.loading}>{words.orders.loading}</p>;
  if (isEverything(filter)) return <EmptyOrders onNewOrder={onNewOrder} />;
  return <NothingFound onClear={onClear} />;
}

function sizeText({ loaded, start, rows, hasMore }: FeedState, total: number | null): string {
  if (!loaded) return "";
  const known = formatCount(start + rows.length);
  if (!hasMore) return known;
  return total === null ? `${known}+` : formatCount(total);
}
