import { useCallback, useState } from "react";
import { formatNumber } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { OrderEdits } from "../model/order-edits";
import { isEverything, type OrderFilter } from "../model/order-filter";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { EmptyOrders } from "./empty-orders";
import { FilterBar } from "./filter-bar";
import { NothingFound } from "./nothing-found";
import { OrdersTable } from "./orders-table";
import styles from "./orders-view.module.css";
import { OrdersProblem } from "./orders-problem";

interface OrdersViewProps {
  feed: OrdersFeed;
  onFilter: (filter: OrderFilter) => void;
  onNewOrder: () => void;
}

export function OrdersView({ feed, onFilter, onNewOrder }: OrdersViewProps) {
  const [edits] = useState(() => new OrderEdits());
  const state = useObservable(feed.state);
  const { filter } = state.table;
  const change = useCallback(
    (next: OrderFilter) => {
      feed.setFilter(next);
      onFilter(next);
    },
    [feed, onFilter],
  );
  return (
    <section className={styles.panel} aria-labelledby="orders-heading">
      <header className={styles.header}>
        <h2 id="orders-heading">Orders</h2>
        <span className={styles.count}>{countOf(state)}</span>
      </header>
      <FilterBar filter={filter} onFilter={change} />
      {state.problem && state.loaded && (
        <OrdersProblem problem={state.problem} feed={feed} inline />
      )}
      <Content
        {...{ feed, edits, state, onNewOrder }}
        onClear={() => change({ status: null, search: "" })}
      />
    </section>
  );
}

interface ContentProps {
  feed: OrdersFeed;
  edits: OrderEdits;
  state: FeedState;
  onNewOrder: () => void;
  onClear: () => void;
}

function Content({ feed, edits, state, onNewOrder, onClear }: ContentProps) {
  const { table, loaded, loading, problem } = state;
  if (!loaded && problem) return <OrdersProblem problem={problem} feed={feed} />;
  if (table.orders.size > 0) return <OrdersTable feed={feed} edits={edits} state={state} />;
  if (!loaded || loading === "page") return <p className={styles.loading}>Loading orders…</p>;
  if (isEverything(table.filter)) return <EmptyOrders onNewOrder={onNewOrder} />;
  return <NothingFound onClear={onClear} />;
}

/** "1,000+" where older ones are not loaded: nobody has counted them. */
function countOf({ loaded, table }: FeedState): string {
  if (!loaded) return "";
  return `${formatNumber(table.orders.size)}${table.cursor === null ? "" : "+"}`;
}
