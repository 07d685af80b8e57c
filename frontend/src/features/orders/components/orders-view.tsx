import { type RefObject, useCallback } from "react";
import { formatNumber } from "@/lib/format";
import type { Observable } from "@/lib/observable";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { type OrderCounts, totalOf } from "../model/order-counts";
import { EVERYTHING, isEverything, type OrderFilter } from "../model/order-filter";
import { isNewestFirst, type OrderSort } from "../model/order-sort";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { EmptyOrders } from "./empty-orders";
import { FilterBar } from "./filter-bar";
import { NothingFound } from "./nothing-found";
import { OrdersProblem } from "./orders-problem";
import { OrdersTable } from "./orders-table";
import styles from "./orders-view.module.css";
import { SelectionBar } from "./selection-bar";

interface OrdersViewProps {
  feed: OrdersFeed;
  /** Of the orders that match, whatever their status. */
  counts: Observable<OrderCounts | null>;
  current: number | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onFilter: (filter: OrderFilter) => void;
  onSort: (sort: OrderSort) => void;
  onNewOrder: () => void;
}

export function OrdersView(props: OrdersViewProps) {
  const { feed, counts, current, searchBox, onFilter, onSort, onNewOrder } = props;
  const state = useObservable(feed.state);
  const known = useObservablePerFrame(counts);
  const { filter } = state.table;
  const clear = useCallback(() => onFilter(EVERYTHING), [onFilter]);
  const total = totalFor(known, filter);
  return (
    <section className={styles.panel} aria-labelledby="orders-heading">
      <FilterBar
        title={
          <div className={styles.title}>
            <h2 id="orders-heading">Orders</h2>
            <span className={styles.count}>{wordsFor(state, total)}</span>
          </div>
        }
        {...{ filter, sort: state.sort, counts: known, searchBox, onFilter, onSort }}
      />
      {state.problem && state.loaded && (
        <OrdersProblem problem={state.problem} feed={feed} inline />
      )}
      <Content {...{ feed, state, total, current, onSort, onNewOrder }} onClear={clear} />
      <SelectionBar feed={feed} />
    </section>
  );
}

interface ContentProps {
  feed: OrdersFeed;
  state: FeedState;
  total: number | null;
  current: number | null;
  onSort: (sort: OrderSort) => void;
  onNewOrder: () => void;
  onClear: () => void;
}

function Content(props: ContentProps) {
  const { feed, state, total, current, onSort, onNewOrder, onClear } = props;
  const { table, loaded, loading, problem } = state;
  if (!loaded && problem) return <OrdersProblem problem={problem} feed={feed} />;
  if (table.orders.size > 0) return <OrdersTable {...{ feed, state, total, current, onSort }} />;
  if (!loaded || loading === "page") return <p className={styles.loading}>Loading orders…</p>;
  if (isEverything(table.filter)) return <EmptyOrders onNewOrder={onNewOrder} />;
  return <NothingFound onClear={onClear} />;
}

function totalFor(counts: OrderCounts | null, { status }: OrderFilter): number | null {
  if (!counts) return null;
  return Math.max(0, status === null ? totalOf(counts) : counts[status]);
}

function wordsFor({ loaded, table, sort, loading }: FeedState, total: number | null): string {
  if (!loaded) return "";
  const { size } = table.orders;
  if (!isNewestFirst(sort) && table.cursor !== null && loading !== null) {
    const of = total === null ? "" : ` of ${formatNumber(total)}`;
    return `sorting: ${formatNumber(size)}${of} loaded`;
  }
  if (table.cursor === null) return formatNumber(size);
  return total === null ? `${formatNumber(size)}+` : formatNumber(total);
}
