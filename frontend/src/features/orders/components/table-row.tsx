import { memo } from "react";
import { isId, keyOf, type Row } from "real-time-orders";
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

interface TableRowProps extends RowPlace {
  columns: readonly TableColumn[];
  shown: Row;
  gone: boolean;
  touch: Touch | undefined;
}

/** A row of any table. The column that refers to an order leads to it. */
export const TableRow = memo(function TableRow(props: TableRowProps) {
  const { columns, shown, gone, touch, row, top, height, cell } = props;
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-plain
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone}
      data-editables
    >
      {columns.map((column, at) => (
        <GridCell key={column.name} {...column} cell={at} isActive={cell === at} touch={touch}>
          <Value shown={shown} {...column} tabIndex={cell === at ? 0 : -1} gone={gone} />
        </GridCell>
      ))}
    </div>
  );
});

type ValueProps = Pick<TableRowProps, "shown" | "gone"> & TableColumn & { tabIndex: number };

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
  if (!column || gone) return value;
  return (
    <EditableValue
      table={table.name}
      rowKey={keyOf(shown, table.key)}
      row={shown}
      column={column}
      label={label}
      tabIndex={tabIndex}
    >
      {value}
    </EditableValue>
  );
}
