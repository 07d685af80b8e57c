import { Trash2, Undo2 } from "lucide-react";
import { memo, type MouseEvent, type ReactNode } from "react";
import { Age } from "@/components/age";
import { IconButton } from "@/components/icon-button";
import { formatNumber } from "@/lib/format";
import type { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import { type Edit, isPending } from "../model/order-edits";
import type { Touch } from "../model/touches";
import styles from "./order-row.module.css";
import { useOrders } from "./orders-context";
import { StatusMenu } from "./status-menu";

export interface RowHandlers {
  readonly open: (order: Order) => void;
  readonly pick: (order: Order, range: boolean) => void;
  readonly setStatus: (order: Order, status: Order["status"]) => void;
  readonly remove: (order: Order) => void;
  readonly showCustomer: (name: string) => void;
  readonly menu: (open: boolean) => void;
}

interface OrderRowProps {
  order: Order;
  /** It has left the rows that the table would show now. */
  gone: boolean;
  row: number;
  top: number;
  height: number;
  now: number;
  touch: Touch | undefined;
  edit: Edit | undefined;
  leaving: boolean;
  picked: boolean;
  current: boolean;
  handlers: RowHandlers;
}

/** Of a thousand changes a second few are to rows in view; the others must cost no render. */
export const OrderRow = memo(function OrderRow(props: OrderRowProps) {
  const { order, gone, row, top, height, now, touch, edit, leaving, picked, current, handlers } =
    props;
  const { rights } = useOrders();
  const pending = isPending(edit, order) ? edit : null;
  const was = touch?.was ?? {};
  const customer = shortened(order.customer_name);
  const product = shortened(order.product_name);
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-order={order.id}
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone || leaving}
      data-picked={picked}
      data-current={current}
      onClick={(event) => openUnlessControl(event, () => handlers.open(order))}
    >
      {rights.write && (
        <div role="cell" className={styles.pick}>
          <input
            type="checkbox"
            aria-label={`Select order ${order.id}`}
            checked={picked}
            disabled={gone}
            onChange={(event) => handlers.pick(order, hasShift(event.nativeEvent))}
          />
        </div>
      )}
      <div role="cell" className={styles.id}>
        <a
          href={`/orders/${order.id}`}
          aria-label={`Order ${order.id}`}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            handlers.open(order);
          }}
        >
          #{order.id}
        </a>
      </div>
      <Cell className={styles.customer} was={was.customer_name}>
        <button
          type="button"
          className={styles.clip}
          title={`Only orders of ${customer}`}
          onClick={() => handlers.showCustomer(order.customer_name)}
        >
          {customer}
        </button>
      </Cell>
      <Cell className={styles.product} was={was.product_name}>
        <span className={styles.clip} title={product}>
          {product}
        </span>
      </Cell>
      <Cell
        className={styles.quantity}
        was={was.quantity === undefined ? undefined : formatNumber(was.quantity)}
      >
        {formatNumber(order.quantity)}
        <span className={styles.times} aria-hidden>
          {" ×"}
        </span>
      </Cell>
      <Cell className={styles.status} was={was.status}>
        <StatusMenu
          status={pending?.status ?? order.status}
          orderId={order.id}
          saving={pending !== null}
          onChange={(chosen) => handlers.setStatus(order, chosen)}
          onOpenChange={handlers.menu}
        />
      </Cell>
      <div role="cell" className={styles.age}>
        {gone ? "gone from here" : <Age time={order.updated_at} now={now} />}
      </div>
      {rights.remove && (
        <div role="cell" className={styles.actions}>
          {!gone && (
            <IconButton
              className={styles.delete}
              label={leaving ? `Keep order ${order.id}` : `Delete order ${order.id}`}
              title={leaving ? "Undo" : "Delete"}
              onClick={() => handlers.remove(order)}
            >
              {leaving ? <Undo2 size={16} aria-hidden /> : <Trash2 size={16} aria-hidden />}
            </IconButton>
          )}
        </div>
      )}
    </div>
  );
});

interface CellProps {
  className: string | undefined;
  /** The value it had until a moment ago. */
  was: string | undefined;
  children: ReactNode;
}

function Cell({ className, was, children }: CellProps) {
  return (
    <div role="cell" className={className} data-touched={was !== undefined}>
      {children}
      {was !== undefined && <span className={styles.was}>was {shortened(was)}</span>}
    </div>
  );
}

function openUnlessControl(event: MouseEvent, open: () => void): void {
  const control = event.target instanceof Element && event.target.closest("a, button, input");
  // A menu is drawn elsewhere in the page, but its clicks bubble here.
  const inside = event.target instanceof Node && event.currentTarget.contains(event.target);
  if (!control && inside && getSelection()?.toString() === "") open();
}

const hasShift = (event: Event): boolean => "shiftKey" in event && event.shiftKey === true;
