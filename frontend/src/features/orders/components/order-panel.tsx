import { X } from "lucide-react";
import { useEffect, useRef } from "react";
import { Facts } from "@/components/facts";
import { IconButton } from "@/components/icon-button";
import { StatusBadge } from "@/components/status-badge";
import { formatExact, formatNumber } from "@/lib/format";
import { RefusedError } from "@/lib/http";
import type { Order } from "@/lib/protocol";
import { readOrder } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import { useNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import { lastOf } from "../model/history";
import { isPending } from "../model/order-edits";
import type { OrdersFeed } from "../model/orders-feed";
import styles from "./order-panel.module.css";
import { useOrders } from "./orders-context";
import { StatusMenu } from "./status-menu";
import { Timeline } from "./timeline";
import { type Listen, useHistory } from "./use-history";

const AGES_TICK_MS = 10_000;

interface OrderPanelProps {
  id: number;
  feed: OrdersFeed;
  listen: Listen;
  onClose: () => void;
}

/** One order, and all that ever happened to it. */
export function OrderPanel({ id, feed, listen, onClose }: OrderPanelProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { query: history, events, touched } = useHistory(id, listen);
  const known = useObservable(feed.state).table.orders.get(id);
  const now = useNow(AGES_TICK_MS);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [id]);

  const last = lastOf(events);
  const order = newest([known, history.data?.order, readOrder(last.order)]);
  const missing = history.error instanceof RefusedError && history.error.status === 404;
  const exists = known !== undefined || (touched ? last.exists : history.data?.order != null);
  return (
    <aside
      className={styles.panel}
      aria-labelledby="order-heading"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) onClose();
      }}
    >
      <header className={styles.header}>
        <h2 id="order-heading" ref={heading} tabIndex={-1}>
          Order #{id}
        </h2>
        <IconButton label="Close order" onClick={onClose}>
          <X size={18} aria-hidden />
        </IconButton>
      </header>
      <div className={styles.body} tabIndex={0} role="region" aria-label={`Details of order ${id}`}>
        {missing && <p className={styles.note}>There is no order #{id}, and there never was.</p>}
        {order && <OrderFacts order={order} exists={exists} />}
        {history.isPending && <p className={styles.note}>Loading its history…</p>}
        {history.isError && !missing && (
          <p className={styles.note} role="alert">
            Its history cannot be loaded. {history.error.message}{" "}
            <button type="button" onClick={() => void history.refetch()}>
              Try again
            </button>
          </p>
        )}
        {events.length > 0 && <Timeline events={events} now={now} />}
      </div>
    </aside>
  );
}

function OrderFacts({ order, exists }: { order: Order; exists: boolean }) {
  const { writes, showCustomer } = useOrders();
  const edit = useObservable(writes.edits.state).get(order.id);
  const pending = isPending(edit, order) ? edit : null;
  const facts = {
    Status: exists ? (
      <StatusMenu
        status={pending?.status ?? order.status}
        orderId={order.id}
        saving={pending !== null}
        onChange={(status) => void writes.setStatus(order, status)}
      />
    ) : (
      <span className={styles.deleted}>
        <StatusBadge status={order.status} /> when it was deleted
      </span>
    ),
    Customer: (
      <button type="button" onClick={() => showCustomer(order.customer_name)}>
        {shortened(order.customer_name)}
      </button>
    ),
    Product: shortened(order.product_name),
    Quantity: formatNumber(order.quantity),
    Created: <time dateTime={order.created_at}>{formatExact(order.created_at)}</time>,
    Version: formatNumber(order.version),
  };
  return <Facts className={styles.facts} facts={facts} />;
}

/** Each may be ahead of the others: the table, the answer, the history. */
function newest(orders: readonly (Order | null | undefined)[]): Order | null {
  return orders.reduce<Order | null>(
    (best, order) => (order && order.version >= (best?.version ?? 0) ? order : best),
    null,
  );
}
