import { PanelRightOpen, Trash2, UserRound } from "lucide-react";
import { memo, type MouseEvent, type ReactNode } from "react";
import { Age } from "@/components/age";
import { IconButton } from "@/components/icon-button";
import { MenuItem } from "@/components/menu";
import { OrderLink } from "@/components/order-link";
import { visible } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { type Order, textIn } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { withEdit } from "../model/order-edits";
import type { TableColumn } from "../model/table-columns";
import { CellValue, type GridRowProps, RowFrame } from "./grid-row";
import styles from "./order-row.module.css";
import { useOrders } from "./orders-context";
import { RowAge } from "./row-age";
import { RowMenu } from "./row-menu";
import { StatusMenu } from "./status-menu";

export interface RowHandlers {
  readonly open: (order: Order) => void;
  readonly pick: (order: Order, range: boolean) => void;
  readonly setStatus: (seen: Order, status: string) => void;
  readonly remove: (order: Order) => void;
  readonly showCustomer: (name: string) => void;
  readonly menu: (open: boolean) => void;
}

interface OrderRowProps extends GridRowProps {
  order: Order;
  now: number;
  picked: boolean;
  current: boolean;
  handlers: RowHandlers;
}

/** Memoised: of a thousand changes per second, only those of rows in view cause a render. */
export const OrderRow = memo(function OrderRow(props: OrderRowProps) {
  const { order, gone, cell, picked, current, handlers } = props;
  const { rights } = useOrders();
  const id = String(order.id);
  return (
    <RowFrame
      frame={props}
      shown={order}
      aria-selected={rights.write ? picked : undefined}
      data-order={id}
      data-picked={picked}
      data-current={current}
      onClick={(event) => unlessOnControl(event, () => handlers.open(order))}
      onKeyDown={(event) => {
        if (event.key === "Enter" && isOfCell(event.target)) handlers.open(order);
      }}
      pick={
        rights.write && (
          <input
            type="checkbox"
            tabIndex={cell === 0 ? 0 : -1}
            aria-label={words.orders.select(id)}
            checked={picked}
            disabled={gone}
            onChange={(event) => handlers.pick(order, hasShift(event.nativeEvent))}
          />
        )
      }
      isControl={({ role }) => role === "id" || role === "status"}
      value={(column, tabIndex) => <Value {...props} {...column} tabIndex={tabIndex} />}
      keep={words.orders.keep(id)}
      onKeep={() => handlers.remove(order)}
      actions={(tabIndex) => <Actions {...props} tabIndex={tabIndex} />}
    />
  );
});

interface InRow extends OrderRowProps {
  tabIndex: number;
}

function Actions({ order, gone, handlers, tabIndex }: InRow) {
  const { rights } = useOrders();
  const schema = useSchema();
  const customer = textIn(order, schema.role("customer")?.name ?? "");
  const id = String(order.id);
  return (
    <>
      {rights.remove && !gone && (
        <IconButton
          className={styles.delete}
          label={words.orders.delete(id)}
          title={words.do.delete}
          tabIndex={-1}
          onClick={() => handlers.remove(order)}
        >
          <Trash2 size={16} aria-hidden />
        </IconButton>
      )}
      <RowMenu label={words.orders.more(id)} tabIndex={tabIndex} onOpenChange={handlers.menu}>
        <MenuItem onSelect={() => handlers.open(order)}>
          <PanelRightOpen size={16} aria-hidden />
          {words.orders.open}
        </MenuItem>
        {customer !== undefined && (
          <MenuItem onSelect={() => handlers.showCustomer(customer)}>
            <UserRound size={16} aria-hidden />
            <span>{words.orders.onlyOf(<bdi>{visible(customer)}</bdi>)}</span>
          </MenuItem>
        )}
        {rights.remove && !gone && (
          <MenuItem onSelect={() => handlers.remove(order)}>
            <Trash2 size={16} aria-hidden />
            {words.do.delete}
          </MenuItem>
        )}
      </RowMenu>
    </>
  );
}

/** The content of a cell. Columns with a role have controls of their own. */
function Value(props: InRow & TableColumn): ReactNode {
  const { order, role, name, column, gone, now, edit, handlers, tabIndex } = props;
  const schema = useSchema();
  const shown = withEdit(order, edit);
  const own = textIn(shown, name);
  switch (role) {
    case "id":
      return (
        <OrderLink
          order={order.id}
          onOpen={() => handlers.open(order)}
          aria-label={words.orders.name(String(order.id))}
          tabIndex={tabIndex}
        />
      );
    case "status":
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
    case "age":
      return gone ? words.orders.noLonger : <RowAge order={order} time={own} now={now} />;
    case "created":
      return own === undefined ? (
        formatCell(shown, name, column, schema.table)
      ) : (
        <Age time={own} now={now} />
      );
    default:
      return (
        <CellValue {...props} row={order} rowKey={String(order.id)}>
          {role === "quantity" && (
            <span className={styles.times} aria-hidden>
              ×
            </span>
          )}
        </CellValue>
      );
  }
}

const isOfCell = (target: EventTarget): boolean =>
  target instanceof Element && target.matches("[data-cell]");

/** How long a click waits for a second one, which edits the value instead. */
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
