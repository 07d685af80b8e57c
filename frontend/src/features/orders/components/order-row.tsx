import { Trash2, Undo2 } from "lucide-react";
import { memo, type MouseEvent, type ReactNode } from "react";
import type { Column } from "real-time-orders";
import { Age } from "@/components/age";
import { IconButton } from "@/components/icon-button";
import { formatValue, visible } from "@/lib/format";
import { type Order, textIn } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { type Edit, withEdit } from "../model/order-edits";
import type { TableColumn } from "../model/table-columns";
import type { Touch } from "../model/touches";
import styles from "./order-row.module.css";
import { useOrders } from "./orders-context";
import { StatusMenu } from "./status-menu";

export interface RowHandlers {
  readonly open: (order: Order) => void;
  readonly pick: (order: Order, range: boolean) => void;
  readonly setStatus: (seen: Order, status: string) => void;
  readonly remove: (order: Order) => void;
  readonly showCustomer: (name: string) => void;
  readonly menu: (open: boolean) => void;
}

interface OrderRowProps {
  columns: readonly TableColumn[];
  order: Order;
  /** The row has left the table and is shown only because rows are held. */
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

/** Memoised: of a thousand changes a second only those of rows in view cost a render. */
export const OrderRow = memo(function OrderRow(props: OrderRowProps) {
  const { columns, order, gone, row, top, height, touch, leaving, picked, current, handlers } =
    props;
  const { rights } = useOrders();
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-order={String(order.id)}
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone || leaving}
      data-picked={picked}
      data-current={current}
      onClick={(event) => unlessOnControl(event, () => handlers.open(order))}
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
      {columns.map((column) => (
        <Cell key={column.name} {...props} {...column} />
      ))}
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

type CellProps = OrderRowProps & TableColumn;

/** One cell for every kind of column; those that play a part in the page have more to offer. */
function Cell(props: CellProps) {
  const { role, name, label, column, touch } = props;
  const was = touch && name in touch.was ? formatValue(touch.was[name], column) : undefined;
  const classNames = [styles[role ?? "value"], isNumber(column) && role !== "id" && styles.number];
  return (
    <div
      role="cell"
      className={classNames.filter(Boolean).join(" ")}
      data-label={label}
      data-touched={was !== undefined && role !== "age"}
    >
      <Content {...props} />
      {was !== undefined && role !== "age" && (
        <span className={styles.was}>
          was <bdi>{was}</bdi>
        </span>
      )}
    </div>
  );
}

export const isNumber = (column: Column | undefined): boolean =>
  column?.kind === "integer" || column?.kind === "number";

function Content({ order, role, name, column, gone, now, edit, handlers }: CellProps): ReactNode {
  const schema = useSchema();
  const shown = withEdit(order, edit);
  const text = formatValue(shown[name], column);
  const own = textIn(shown, name);
  if (role === "id") {
    return (
      <a
        href={`/orders/${order.id}`}
        aria-label={`Order ${order.id}`}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          handlers.open(order);
        }}
      >
        #{String(order.id)}
      </a>
    );
  }
  if (role === "customer" && own !== undefined) {
    return (
      <button
        type="button"
        className={styles.clip}
        title={`Only orders of ${visible(own)}`}
        onClick={() => handlers.showCustomer(own)}
      >
        <bdi>{text}</bdi>
      </button>
    );
  }
  if (role === "status") {
    return (
      <StatusMenu
        order={order}
        status={schema.statusOf(shown)}
        saving={shown !== order}
        onChange={handlers.setStatus}
        onOpenChange={handlers.menu}
      />
    );
  }
  if (role === "age") {
    return gone ? "no longer here" : own === undefined ? text : <Age time={own} now={now} />;
  }
  return (
    <>
      <span className={styles.clip} title={text}>
        <bdi>{text}</bdi>
      </span>
      {role === "quantity" && (
        <span className={styles.times} aria-hidden>
          ×
        </span>
      )}
    </>
  );
}

function unlessOnControl(event: MouseEvent, open: () => void): void {
  const control = event.target instanceof Element && event.target.closest("a, button, input");
  // A menu is drawn elsewhere in the document, but React bubbles its clicks to the row.
  const inside = event.target instanceof Node && event.currentTarget.contains(event.target);
  if (!control && inside && getSelection()?.toString() === "") open();
}

const hasShift = (event: Event): boolean => "shiftKey" in event && event.shiftKey === true;
