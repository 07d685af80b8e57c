import { Copy, Link, Trash2, Undo2 } from "lucide-react";
import { memo } from "react";
import { isId, keyOf, type Row } from "real-time-orders";
import { IconButton } from "@/components/icon-button";
import { formatZoned } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { textIn } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { TableColumn } from "../model/table-columns";
import type { Touch } from "../model/touches";
import { EditableValue } from "./editable-value";
import { Clipped, GridCell } from "./grid-cell";
import type { RowPlace } from "./live-grid";
import styles from "./order-row.module.css";
import { useOrders } from "./orders-context";
import { RowAction, RowMenu } from "./row-menu";

/** What can be done with a row of any table. */
export interface RowActions {
  readonly duplicate: (row: Row) => void;
  readonly copyLink: (row: Row) => void;
  /** Delete it, or keep it while that is still possible. */
  readonly remove: (row: Row) => void;
  readonly menu: (open: boolean) => void;
}

interface TableRowProps extends RowPlace {
  columns: readonly TableColumn[];
  shown: Row;
  gone: boolean;
  /** Whether it is about to be deleted. */
  leaving: boolean;
  touch: Touch | undefined;
  actions: RowActions;
}

/** A row of any table. The column that refers to an order leads to it. */
export const TableRow = memo(function TableRow(props: TableRowProps) {
  const { columns, shown, gone, leaving, touch, row, top, height, cell } = props;
  const last = columns.length;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-plain
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone || leaving}
      data-editables
    >
      {columns.map((column, at) => (
        <GridCell
          key={column.name}
          {...column}
          cell={at}
          isActive={cell === at}
          row={shown}
          touch={touch}
        >
          <Value shown={shown} {...column} tabIndex={cell === at ? 0 : -1} gone={gone} />
        </GridCell>
      ))}
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

function Actions({ shown, gone, leaving, actions, tabIndex }: TableRowProps & InCell) {
  const { rights, writes } = useOrders();
  const { table } = useSchema();
  const name = writes.nameOf(table.name, keyOf(shown, table.key));
  if (leaving) {
    return (
      <IconButton
        label={words.tables.keep(name)}
        title={words.do.undo}
        tabIndex={tabIndex}
        onClick={() => actions.remove(shown)}
      >
        <Undo2 size={16} aria-hidden />
      </IconButton>
    );
  }
  return (
    <RowMenu label={words.tables.more(name)} tabIndex={tabIndex} onOpenChange={actions.menu}>
      {rights.write && (
        <RowAction icon={<Copy size={16} />} onSelect={() => actions.duplicate(shown)}>
          {words.tables.duplicate}
        </RowAction>
      )}
      <RowAction icon={<Link size={16} />} onSelect={() => actions.copyLink(shown)}>
        {words.tables.copyLink}
      </RowAction>
      {rights.remove && !gone && (
        <RowAction icon={<Trash2 size={16} />} onSelect={() => actions.remove(shown)}>
          {words.tables.delete}
        </RowAction>
      )}
    </RowMenu>
  );
}

interface InCell {
  tabIndex: number;
}

type ValueProps = Pick<TableRowProps, "shown" | "gone"> & TableColumn & InCell;

function Value({ shown, gone, name, label, column, tabIndex }: ValueProps) {
  const { openOrder } = useOrders();
  const { table } = useSchema();
  const own = textIn(shown, name);
  const text = formatCell(shown, name, column, table);
  const order = shown[name];
  if (table.parent?.column === name && isId(order)) {
    return (
      <a
        href={`/orders/${order}`}
        aria-label={words.orders.name(String(order))}
        tabIndex={tabIndex}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey) return;
          event.preventDefault();
          openOrder(order);
        }}
      >
        #{String(order)}
      </a>
    );
  }
  const isTime = column?.kind === "timestamp" && own !== undefined;
  const value = <Clipped column={column} text={text} title={isTime ? formatZoned(own) : text} />;
  if (!column) return value;
  return (
    <EditableValue
      table={table.name}
      rowKey={keyOf(shown, table.key)}
      row={shown}
      column={column}
      label={label}
      tabIndex={tabIndex}
      gone={gone}
    >
      {value}
    </EditableValue>
  );
}
