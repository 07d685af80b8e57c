import { useMemo, useState } from "react";
import { type Id, ORDERS } from "real-time-orders";
import type { Order } from "@/lib/row";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { useWords } from "@/words";
import { useShortcuts } from "@/lib/use-shortcuts";
import { rowId } from "../model/order-edits";
import type { FeedState, OrdersFeed } from "../model/orders-feed";
import { shownColumns } from "../model/table-columns";
import { USUAL_LAYOUT } from "../model/table-layout";
import { LiveGrid } from "./live-grid";
import { OrderRow, type RowHandlers } from "./order-row";
import { useOrders } from "./orders-context";
import { focusedOrder } from "./use-step-shortcuts";
import type { ShowView } from "./use-view-address";

const AGES_TICK_MS = 10_000;

interface OrdersTableProps {
  feed: OrdersFeed;
  state: FeedState<Order>;
  /** How many orders match in all; null before the API has counted them. */
  total: number | null;
  current: Id | null;
  onView: ShowView;
}

export function OrdersTable({ feed, state, total, current, onView }: OrdersTableProps) {
  const { rights, writes, selection, columns: choice, openOrder, showCustomer } = useOrders();
  const schema = useSchema();
  const layout = useObservable(choice.state) ?? USUAL_LAYOUT;
  const texts = useWords();
  const columns = useMemo(() => shownColumns(schema, layout, texts), [schema, layout, texts]);
  const edits = useObservable(writes.edits.state);
  const leaving = useObservable(writes.deletes.state);
  const picked = useObservable(selection.state);
  const now = useDatabaseNow(AGES_TICK_MS);
  const [menu, setMenu] = useState(false);

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
    x: () => {
      const order = focusedOrder(feed);
      if (order && rights.write) selection.toggle(order);
    },
  });

  return (
    <LiveGrid
      label={texts.page.orders}
      noun="order"
      {...{ feed, state, columns, total, onView }}
      hold={menu || picked.size > 0}
      onShowNew={() => selection.clear()}
    >
      {({ order, gone }, place) => (
        <OrderRow
          key={String(order.id)}
          {...place}
          columns={columns}
          order={order}
          gone={gone}
          now={now}
          touch={state.touches.get(order.id)}
          edit={edits.get(rowId(ORDERS, String(order.id)))}
          leaving={leaving.has(order.id)}
          picked={picked.has(order.id)}
          current={current === order.id}
          handlers={handlers}
        />
      )}
    </LiveGrid>
  );
}

const MOST_IN_A_RANGE = 500;

function ordersBetween(feed: OrdersFeed, from: Id, to: Id): Order[] {
  const { rows } = feed.state.get();
  const orders: Order[] = [];
  // The other end may have been dropped from the loaded part of the list.
  if (!rows.some(({ id }) => id === from)) return rows.filter(({ id }) => id === to);
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
