import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { type Id, ORDERS } from "real-time-orders";
import { NewsButton } from "@/components/news-button";
import { useShortcuts } from "@/lib/use-shortcuts";
import { useMedia } from "@/lib/use-media";
import { useDatabaseNow } from "@/lib/use-now";
import { idOf, type Order } from "@/lib/row";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { rowId } from "../model/order-edits";
import type { OrderSort } from "../model/order-sort";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { gridOf, shownColumns } from "../model/table-columns";
import { OrderRow, type RowHandlers } from "./order-row";
import { useOrders } from "./orders-context";
import styles from "./orders-table.module.css";
import { TableHead } from "./table-head";
import { useHeldRows } from "./use-held-rows";
import { moveRowFocus } from "./row-focus";

const ROW_PX = 48;
const NARROW_ROW_PX = 72;
const NARROW_LINE_PX = 24;
const LOAD_BEFORE_END_ROWS = 60;
const AGES_TICK_MS = 10_000;
const AT_TOP_PX = 4;

interface OrdersTableProps {
  feed: OrdersFeed;
  state: FeedState;
  /** How many orders match in all; null until the API has counted them. */
  total: number | null;
  current: Id | null;
  onSort: (sort: OrderSort) => void;
}

export function OrdersTable({ feed, state, total, current, onSort }: OrdersTableProps) {
  const { rights, writes, selection, columns: choice, openOrder, showCustomer } = useOrders();
  const schema = useSchema();
  const differing = useObservable(choice.state);
  const columns = useMemo(() => shownColumns(schema, differing), [schema, differing]);
  const { filter, hasMore } = state;
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia("(max-width: 44rem)");
  const added = columns.filter(({ role }) => role === undefined).length;
  const rowPx = isNarrow ? NARROW_ROW_PX + added * NARROW_LINE_PX : ROW_PX;
  const edits = useObservable(writes.edits.state);
  const leaving = useObservable(writes.deletes.state);
  const picked = useObservable(selection.state);
  const now = useDatabaseNow(AGES_TICK_MS);
  const { busy, touch, rest } = useBusy();
  const [scrolled, setScrolled] = useState(false);
  const [menu, setMenu] = useState(false);
  const held = useHeldRows(state, scrolled || busy || menu || picked.size > 0);

  // No getItemKey: a new function in each render would compute 100,000 keys each time.
  const rows = useVirtualizer({
    count: held.size,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 8,
  });
  const visible = rows.getVirtualItems();
  const idCharacters = Math.max(
    0,
    ...visible.map(({ index }) => String(held.at(index)?.order.id ?? "").length),
  );
  const grid = useMemo(() => gridOf(columns, idCharacters), [columns, idCharacters]);
  const last = visible.at(-1)?.index ?? 0;
  useEffect(() => rows.measure(), [rows, rowPx]);
  useEffect(() => {
    if (last >= held.size - LOAD_BEFORE_END_ROWS) feed.loadMore();
  }, [feed, last, held.size, hasMore, state.loading]);
  useLayoutEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [filter, state.sort]);

  const handlers = useMemo<RowHandlers>(
    () => ({
      open: ({ id }) => openOrder(id),
      pick: (order, range) => {
        if (range) selection.extendTo(order, (from, to) => ordersBetween(feed, from, to));
        else selection.toggle(order);
      },
      setStatus: (seen, status) => void writes.setStatus(seen, status),
      remove: (order) => {
        if (writes.deletes.state.get().has(order.id)) writes.deletes.undo(order.id);
        else writes.remove([order]);
      },
      showCustomer,
      menu: setMenu,
    }),
    [feed, writes, selection, openOrder, showCustomer],
  );
  useShortcuts({
    j: () => moveRowFocus(scroller, rows, 1),
    k: () => moveRowFocus(scroller, rows, -1),
    x: () => {
      const row = document.activeElement?.closest("[data-order]")?.getAttribute("data-order");
      const order = feed.get(idOf(row ?? "") ?? 0);
      if (order && rights.write) selection.toggle(order);
    },
  });

  function showNew(): void {
    selection.clear();
    rest();
    setScrolled(false);
    scroller.current?.scrollTo({ top: 0 });
  }

  return (
    <div
      className={styles.frame}
      data-picks={rights.write}
      data-removes={rights.remove}
      style={grid}
      onPointerMove={touch}
      onKeyDown={touch}
      onWheel={touch}
    >
      <NewsButton count={held.fresh} noun="order" onShow={showNew} />
      <div
        ref={scroller}
        className={styles.scroller}
        role="table"
        aria-label="Orders"
        aria-rowcount={hasMore ? (total === null ? -1 : total + 1) : state.rows.length + 1}
        tabIndex={0}
        onScroll={(event) => setScrolled(event.currentTarget.scrollTop > AT_TOP_PX)}
      >
        <TableHead columns={columns} sort={state.sort} onSort={onSort} />
        <div role="rowgroup" className={styles.body} style={{ height: rows.getTotalSize() }}>
          {visible.map(({ index, start, size }) => {
            const shown = held.at(index);
            if (!shown) return null;
            const { order, gone } = shown;
            return (
              <OrderRow
                key={String(order.id)}
                columns={columns}
                row={index}
                order={order}
                gone={gone}
                now={now}
                top={start}
                height={size}
                touch={state.touches.get(order.id)}
                edit={edits.get(rowId(ORDERS, String(order.id)))}
                leaving={leaving.has(order.id)}
                picked={picked.has(order.id)}
                current={current === order.id}
                handlers={handlers}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

const MOST_IN_A_RANGE = 500;

function ordersBetween(feed: OrdersFeed, from: Id, to: Id): Order[] {
  const { rows } = feed.state.get();
  const orders: Order[] = [];
  let inside = false;
  for (const order of rows) {
    if (orders.length === MOST_IN_A_RANGE) break;
    const edge = order.id === from || order.id === to;
    if (edge || inside) orders.push(order);
    if (edge && (inside || from === to)) break;
    inside ||= edge;
  }
  return orders;
}

const BUSY_MS = 5000;

/** Whether the user works here: until a few seconds after the last movement. */
function useBusy() {
  const [busy, setBusy] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const rest = useCallback(() => {
    clearTimeout(timer.current);
    setBusy(false);
  }, []);
  const touch = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setBusy(false), BUSY_MS);
    setBusy(true);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { busy, touch, rest };
}
