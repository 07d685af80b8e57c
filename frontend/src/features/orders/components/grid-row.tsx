/** The parts of a row that all tables share. */
import { Undo2 } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import type { Row } from "real-time-orders";
import { IconButton } from "@/components/icon-button";
import { formatZoned } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { textIn } from "@/lib/row";
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

/** A row's place in the grid, and its state. */
export interface GridRowProps extends RowPlace {
  columns: readonly TableColumn[];
  /** Whether the row has left the table and is shown only because rows are held. */
  gone: boolean;
  /** Whether the row is about to be deleted. */
  leaving: boolean;
  touch: Touch | undefined;
  edit: Edit | undefined;
}

interface RowFrameProps extends ComponentProps<"div"> {
  frame: GridRowProps;
  shown: Row;
  /** The checkbox that selects the row. */
  pick?: ReactNode;
  /** Whether a column's cells contain a link or a menu, which gets the focus. */
  isControl: (column: TableColumn) => boolean;
  value: (column: TableColumn, tabIndex: number) => ReactNode;
  /** Shown while the pointer or the focus is in the row. */
  actions: (tabIndex: number) => ReactNode;
  /** The label of the button that cancels the delete. */
  keep: string;
  onKeep: () => void;
}

export function RowFrame(props: RowFrameProps) {
  const { frame, shown, pick, isControl, value, actions, keep, onKeep, ...own } = props;
  const { columns, gone, leaving, touch, row, top, height, cell } = frame;
  const { rights } = useOrders();
  const before = pick ? 1 : 0;
  const last = before + columns.length;
  const tabIndex = cell === last ? 0 : -1;
  return (
    <div
      {...own}
      role="row"
      aria-rowindex={row + 2}
      className={styles.row}
      style={{ height, transform: `translateY(${top}px)` }}
      data-row={row}
      data-new={touch?.isNew ?? false}
      data-gone={gone || leaving}
      data-editables
    >
      {pick && (
        <div role="gridcell" aria-colindex={1} data-cell={0} className={styles.pick}>
          <label>{pick}</label>
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
            isActive={isActive && !isControl(column) && !isEditable}
            row={shown}
            touch={touch}
          >
            {value(column, isActive ? 0 : -1)}
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
        {leaving ? (
          <IconButton label={keep} title={words.do.undo} tabIndex={tabIndex} onClick={onKeep}>
            <Undo2 size={16} aria-hidden />
          </IconButton>
        ) : (
          actions(tabIndex)
        )}
      </div>
    </div>
  );
}

interface CellValueProps extends TableColumn {
  row: Row;
  rowKey: string;
  edit: Edit | undefined;
  gone: boolean;
  tabIndex: number;
  /** Shown after the value. */
  children?: ReactNode;
}

/** A value that is edited in its cell. */
export function CellValue(props: CellValueProps) {
  const { row, rowKey, edit, gone, name, column, children } = props;
  const { table } = useSchema();
  const shown = withEdit(row, edit);
  const own = textIn(shown, name);
  const text = formatCell(shown, name, column, table);
  const isTime = column?.kind === "timestamp" && own !== undefined;
  const value = (
    <>
      <Clipped text={text} title={isTime ? formatZoned(own) : text} column={column} />
      {children}
    </>
  );
  if (!column) return value;
  const { label, tabIndex } = props;
  return (
    <EditableValue table={table.name} {...{ rowKey, row, column, label, tabIndex, gone }}>
      {value}
    </EditableValue>
  );
}
