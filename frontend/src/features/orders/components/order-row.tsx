import { PanelRightOpen, Trash2, Undo2, UserRound } from "lucide-react";
import { memo, type MouseEvent, type ReactNode } from "react";
import { Age } from "@/components/age";
import { IconButton } from "@/components/icon-button";
import { formatZoned, visible } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { type Order, textIn } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { type Edit, withEdit } from "../model/order-edits";
import type { TableColumn } from "../model/table-columns";
import type { Touch } from "../model/touches";
import { EditableValue } from "./editable-value";
import { Clipped, GridCell } from "./grid-cell";
import type { RowPlace } from "./live-grid";
import styles from "./order-row.module.css";
import { useOrders } from "./orders-context";
import { RowAge } from "./row-age";
import { RowAction, RowMenu } from "./row-menu";
import { StatusMenu } from "./status-menu";

export interface RowHandlers {
  readonly open: (order: Order) => void;
  readonly pick: (order: Order, range: boolean) => void;
  readonly setStatus: (seen: Order, status: string) => void;
  readonly remove: (order: Order) => void;
  readonly showCustomer: (name: string) => void;
  readonly menu: (open: boolean) => void;
}

interface OrderRowProps extends RowPlace {
  columns: readonly TableColumn[];
  order: Order;
  /** The row has left the table and is shown only because rows are held. */
  gone: boolean;
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
  const { columns, order, gone, row, top, height, cell, touch } = props;
  const { leaving, picked, current, handlers } = props;
  const { rights } = useOrders();
  const before = rights.write ? 1 : 0;
  const last = before + columns.length;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      aria-selected={rights.write ? picked : undefined}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-order={String(order.id)}
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone || leaving}
      data-picked={picked}
      data-current={current}
      data-editables
      onClick={(event) => unlessOnControl(event, () => handlers.open(order))}
      onKeyDown={(event) => {
        if (event.key === "Enter" && isOfCell(event.target)) handlers.open(order);
      }}
    >
      {rights.write && (
        <div role="gridcell" aria-colindex={1} data-cell={0} className={styles.pick}>
          <label>
            <input
              type="checkbox"
              tabIndex={cell === 0 ? 0 : -1}
              aria-label={words.orders.select(String(order.id))}
              checked={picked}
              disabled={gone}
              onChange={(event) => handlers.pick(order, hasShift(event.nativeEvent))}
            />
          </label>
        </div>
      )}
      {columns.map((column, at) => {
        const isActive = cell === before + at;
        const isEditable = rights.write && !gone && column.column?.writable === true;
        return (
          <GridCell
            key={column.name}
            {...column}
            cell={before + at}
            isActive={isActive && !hasControl(column) && !isEditable}
            row={order}
            touch={touch}
          >
            <Content {...props} {...column} tabIndex={isActive ? 0 : -1} />
          </GridCell>
        );
      })}
      <div
        role="gridcell"
        aria-colindex={last + 1}
        data-cell={last}
        tabIndex={-1}
        className={styles.actions}
      >
        <Actions {...props} tabIndex={cell === last ? 0 : -1} />
      </div>
    </div>
  );
});

const hasControl = ({ role }: TableColumn): boolean => role === "id" || role === "status";

interface InRow extends OrderRowProps {
  tabIndex: number;
}

/** What is shown while the pointer or the focus is in the row. */
function Actions({ order, gone, leaving, handlers, tabIndex }: InRow) {
  const { rights } = useOrders();
  const schema = useSchema();
  const customer = textIn(order, schema.role("customer")?.name ?? "");
  if (leaving) {
    return (
      <IconButton
        label={words.orders.keep(String(order.id))}
        title={words.do.undo}
        tabIndex={tabIndex}
        onClick={() => handlers.remove(order)}
      >
        <Undo2 size={16} aria-hidden />
      </IconButton>
    );
  }
  return (
    <>
      {rights.remove && !gone && (
        <IconButton
          className={styles.delete}
          label={words.orders.delete(String(order.id))}
          title={words.do.delete}
          tabIndex={-1}
          onClick={() => handlers.remove(order)}
        >
          <Trash2 size={16} aria-hidden />
        </IconButton>
      )}
      <RowMenu
        label={words.orders.more(String(order.id))}
        tabIndex={tabIndex}
        onOpenChange={handlers.menu}
      >
        <RowAction icon={<PanelRightOpen size={16} />} onSelect={() => handlers.open(order)}>
          {words.orders.open}
        </RowAction>
        {customer !== undefined && (
          <RowAction
            icon={<UserRound size={16} />}
            onSelect={() => handlers.showCustomer(customer)}
          >
            <span>{words.orders.onlyOf(<bdi>{visible(customer)}</bdi>)}</span>
          </RowAction>
        )}
        {rights.remove && !gone && (
          <RowAction icon={<Trash2 size={16} />} onSelect={() => handlers.remove(order)}>
            {words.do.delete}
          </RowAction>
        )}
      </RowMenu>
    </>
  );
}

type ContentProps = InRow & TableColumn;

/** What a cell shows; columns that play a part in the page have more to offer. */
function Content(props: ContentProps): ReactNode {
  const { order, role, name, label, column, gone, now, edit, handlers, tabIndex } = props;
  const schema = useSchema();
  const shown = withEdit(order, edit);
  const own = textIn(shown, name);
  if (role === "id") {
    return (
      <a
        href={`/orders/${order.id}`}
        aria-label={words.orders.name(String(order.id))}
        tabIndex={tabIndex}
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
  if (role === "status") {
    return (
      <StatusMenu
        order={order}
        status={schema.statusOf(shown)}
        saving={shown !== order}
        tabIndex={tabIndex}
        onChange={handlers.setStatus}
        onOpenChange={handlers.menu}
      />
    );
  }
  const text = formatCell(shown, name, column, schema.table);
  if (role === "age" || role === "created") {
    if (role === "age" && gone) return words.orders.noLonger;
    if (role === "age") return <RowAge order={order} time={own} now={now} />;
    return own === undefined ? text : <Age time={own} now={now} />;
  }
  const isTime = column?.kind === "timestamp" && own !== undefined;
  const value = (
    <>
      <Clipped text={text} title={isTime ? formatZoned(own) : text} column={column} />
      {role === "quantity" && (
        <span className={styles.times} aria-hidden>
          ×
        </span>
      )}
    </>
  );
  if (!column) return value;
  return (
    <EditableValue
      table={schema.table.name}
      rowKey={String(order.id)}
      row={order}
      column={column}
      label={label}
      tabIndex={tabIndex}
      gone={gone}
    >
      {value}
    </EditableValue>
  );
}

const isOfCell = (target: EventTarget): boolean =>
  target instanceof Element && target.matches("[data-cell]");

/** Long enough for a second click, which edits the value instead. */
const SECOND_CLICK_MS = 250;
let opening: ReturnType<typeof setTimeout> | undefined;

function unlessOnControl(event: MouseEvent, open: () => void): void {
  const { target } = event;
  // A menu is drawn elsewhere in the document, but React bubbles its clicks to the row.
  if (!(target instanceof Element) || !event.currentTarget.contains(target)) return;
  clearTimeout(opening);
  const value = target.closest("[data-value]");
  if (value && event.detail === 1) opening = setTimeout(open, SECOND_CLICK_MS);
  const isControl = target.closest("a, button, label, input, select, textarea, [data-editable]");
  if (!isControl && getSelection()?.toString() === "") open();
}

const hasShift = (event: Event): boolean => "shiftKey" in event && event.shiftKey === true;
