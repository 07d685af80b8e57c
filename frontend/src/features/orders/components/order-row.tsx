import { Trash2 } from "lucide-react";
import type { CSSProperties } from "react";
import { Age } from "@/components/age";
import { formatNumber } from "@/lib/format";
import type { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import { type Edit, isPending } from "../model/order-edits";
import type { Touch } from "../model/touches";
import styles from "./order-row.module.css";
import { StatusMenu } from "./status-menu";
import type { OrderActions } from "./use-order-actions";

interface OrderRowProps {
  order: Order;
  row: number;
  style: CSSProperties;
  now: number;
  touch: Touch | undefined;
  edit: Edit | undefined;
  actions: OrderActions;
  onDelete: (order: Order) => void;
}

export function OrderRow(props: OrderRowProps) {
  const { order, row, style, now, touch, edit, actions, onDelete } = props;
  const pending = isPending(edit, order) ? edit : null;
  const status = pending?.status ?? order.status;
  const touched = (column: string) => touch?.changed != null && column in touch.changed;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={style}
      data-order={order.id}
      data-new={touch?.operation === "INSERT"}
      data-leaving={pending?.deleted ?? false}
    >
      <div role="cell" className={styles.id}>
        #{order.id}
      </div>
      <div role="cell" className={styles.customer} data-touched={touched("customer_name")}>
        <span className={styles.clip} title={shortened(order.customer_name)}>
          {shortened(order.customer_name)}
        </span>
      </div>
      <div role="cell" className={styles.product} data-touched={touched("product_name")}>
        <span className={styles.clip} title={shortened(order.product_name)}>
          {shortened(order.product_name)}
        </span>
      </div>
      <div role="cell" className={styles.quantity} data-touched={touched("quantity")}>
        {formatNumber(order.quantity)}
        <span className={styles.times} aria-hidden>
          {" ×"}
        </span>
      </div>
      <div role="cell" className={styles.status} data-touched={touched("status")}>
        <StatusMenu
          status={status}
          orderId={order.id}
          saving={pending !== null}
          onChange={(chosen) => actions.setStatus(order, chosen)}
        />
      </div>
      <div role="cell" className={styles.age}>
        <Age time={order.updated_at} now={now} />
      </div>
      <div role="cell" className={styles.actions}>
        <button
          type="button"
          className={styles.delete}
          aria-label={`Delete order ${order.id}`}
          title="Delete"
          onClick={() => onDelete(order)}
        >
          <Trash2 size={16} aria-hidden />
        </button>
      </div>
    </div>
  );
}
