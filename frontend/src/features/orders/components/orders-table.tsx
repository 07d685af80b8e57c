import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowUp } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useMedia } from "@/lib/use-media";
import { useNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import type { Order } from "@/lib/protocol";
import type { OrderEdits } from "../model/order-edits";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { DeleteOrderDialog } from "./delete-order-dialog";
import { OrderRow } from "./order-row";
import styles from "./orders-table.module.css";
import { useOrderActions } from "./use-order-actions";

const COLUMNS = ["Order", "Customer", "Product", "Quantity", "Status", "Changed", "Actions"];
const ROW_PX = 48;
const NARROW_ROW_PX = 72;
const LOAD_BEFORE_END_ROWS = 30;
const AGES_TICK_MS = 10_000;

interface OrdersTableProps {
  feed: OrdersFeed;
  edits: OrderEdits;
  state: FeedState;
}

export function OrdersTable({ feed, edits, state }: OrdersTableProps) {
  const { orders, cursor, filter } = state.table;
  const scroller = useRef<HTMLDivElement>(null);
  const rowPx = useMedia("(max-width: 44rem)") ? NARROW_ROW_PX : ROW_PX;
  const actions = useOrderActions(feed, edits);
  const open = useObservable(edits.state);
  const now = useNow(AGES_TICK_MS);
  const [leaving, setLeaving] = useState<Order | null>(null);

  const rows = useVirtualizer({
    count: orders.size,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    getItemKey: (row) => orders.at(row)?.id ?? row,
    overscan: 8,
  });
  const visible = rows.getVirtualItems();
  const last = visible.at(-1)?.index ?? 0;

  useEffect(() => rows.measure(), [rows, rowPx]);
  useEffect(() => {
    if (last >= orders.size - LOAD_BEFORE_END_ROWS) feed.loadMore();
  }, [feed, last, orders.size, cursor]);

  // The order at the top edge stays there while others come and go above it.
  const anchor = useRef<{ id: number; offset: number } | null>(null);
  const [newestSeen, setNewestSeen] = useState<number | null>(null);
  useLayoutEffect(() => {
    if (!anchor.current || !scroller.current) return;
    scroller.current.scrollTop = orders.rank(anchor.current.id) * rowPx + anchor.current.offset;
  }, [orders, rowPx]);
  useLayoutEffect(() => {
    anchor.current = null;
    scroller.current?.scrollTo({ top: 0 });
  }, [filter]);

  function remember(top: number): void {
    const first = orders.at(Math.floor(top / rowPx));
    anchor.current = top > 0 && first ? { id: first.id, offset: top % rowPx } : null;
    if (top === 0) setNewestSeen(null);
    else setNewestSeen((seen) => seen ?? orders.at(0)?.id ?? null);
  }

  const unseen = newestSeen === null ? 0 : orders.rank(newestSeen);
  return (
    <div className={styles.frame}>
      {unseen > 0 && (
        <button
          type="button"
          className={styles.unseen}
          onClick={() => scroller.current?.scrollTo({ top: 0 })}
        >
          <ArrowUp size={14} aria-hidden />
          {unseen === 1 ? "1 new order" : `${unseen} new orders`}
        </button>
      )}
      <div
        ref={scroller}
        className={styles.scroller}
        role="table"
        aria-label="Orders"
        aria-rowcount={cursor === null ? orders.size + 1 : -1}
        tabIndex={0}
        onScroll={(event) => remember(event.currentTarget.scrollTop)}
      >
        <div role="rowgroup" className={styles.head}>
          <div role="row" aria-rowindex={1} className={styles.headings}>
            {COLUMNS.map((column) => (
              <div key={column} role="columnheader" data-column={column}>
                {column === "Actions" ? <span className="visually-hidden">{column}</span> : column}
              </div>
            ))}
          </div>
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: rows.getTotalSize() }}>
          {visible.map(({ index, key, start }) => {
            const order = orders.at(index);
            return (
              order && (
                <OrderRow
                  key={key}
                  row={index}
                  order={order}
                  now={now}
                  style={{ height: rowPx, transform: `translateY(${start}px)` }}
                  touch={state.touches.get(order.id)}
                  edit={open.get(order.id)}
                  actions={actions}
                  onDelete={setLeaving}
                />
              )
            );
          })}
        </div>
      </div>
      <DeleteOrderDialog
        order={leaving}
        onCancel={() => setLeaving(null)}
        onConfirm={(order) => {
          setLeaving(null);
          actions.remove(order);
        }}
      />
    </div>
  );
}
