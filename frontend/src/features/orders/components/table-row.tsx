import { Copy, Link, Trash2 } from "lucide-react";
import { memo } from "react";
import { isId, keyOf, type Row } from "real-time-orders";
import { MenuItem } from "@/components/menu";
import { OrderLink } from "@/components/order-link";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { CellValue, type GridRowProps, RowFrame } from "./grid-row";
import { useOrders } from "./orders-context";
import { RowMenu } from "./row-menu";

/** The actions on a row of any table. */
export interface RowActions {
  readonly duplicate: (row: Row) => void;
  readonly copyLink: (row: Row) => void;
  /** Schedules a delete; if it is scheduled already, cancels it. */
  readonly remove: (row: Row) => void;
  readonly menu: (open: boolean) => void;
}

interface TableRowProps extends GridRowProps {
  shown: Row;
  actions: RowActions;
}

/** A row of any table. The column that refers to an order links to the order. */
export const TableRow = memo(function TableRow(props: TableRowProps) {
  const { shown, gone, edit, actions } = props;
  const { rights, writes, openOrder } = useOrders();
  const { table } = useSchema();
  const rowKey = keyOf(shown, table.key);
  const name = writes.nameOf(table.name, rowKey);
  const order = shown[table.parent?.column ?? ""];
  return (
    <RowFrame
      frame={props}
      shown={shown}
      data-plain
      isControl={(column) => column.name === table.parent?.column && isId(order)}
      value={(column, tabIndex) =>
        column.name === table.parent?.column && isId(order) ? (
          <OrderLink
            order={order}
            onOpen={openOrder}
            aria-label={words.orders.name(String(order))}
            tabIndex={tabIndex}
          />
        ) : (
          <CellValue {...column} {...{ row: shown, rowKey, edit, gone, tabIndex }} />
        )
      }
      keep={words.tables.keep(name)}
      onKeep={() => actions.remove(shown)}
      actions={(tabIndex) => (
        <RowMenu label={words.tables.more(name)} tabIndex={tabIndex} onOpenChange={actions.menu}>
          {rights.write && (
            <MenuItem onSelect={() => actions.duplicate(shown)}>
              <Copy size={16} aria-hidden />
              {words.tables.duplicate}
            </MenuItem>
          )}
          <MenuItem onSelect={() => actions.copyLink(shown)}>
            <Link size={16} aria-hidden />
            {words.tables.copyLink}
          </MenuItem>
          {rights.remove && !gone && (
            <MenuItem onSelect={() => actions.remove(shown)}>
              <Trash2 size={16} aria-hidden />
              {words.tables.delete}
            </MenuItem>
          )}
        </RowMenu>
      )}
    />
  );
});
