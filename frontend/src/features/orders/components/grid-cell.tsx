import type { ReactNode } from "react";
import { type Column, isSearched, type Row } from "real-time-orders";
import { Marked } from "@/components/marked";
import { formatCell } from "@/lib/money";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { TableColumn } from "../model/table-columns";
import type { Touch } from "../model/touches";
import styles from "./order-row.module.css";

export const isNumber = (column: Column | undefined): boolean =>
  column?.kind === "integer" || column?.kind === "number";

interface GridCellProps extends TableColumn {
  /** The position of the cell in its row, from 0. */
  cell: number;
  /** Whether the Tab key stops at the cell. */
  isActive: boolean;
  /** The row as it is now. */
  row: Row;
  touch: Touch | undefined;
  children: ReactNode;
}

/**
 * The frame of every cell: its position, its style by kind, and for a few seconds after a change the
 * previous value.
 */
export function GridCell({ cell, isActive, row, touch, children, ...shown }: GridCellProps) {
  const { table } = useSchema();
  const { role, name, label, column } = shown;
  const isTold = touch !== undefined && name in touch.was && role !== "age";
  const classNames = [styles[role ?? "value"], isNumber(column) && role !== "id" && styles.number];
  return (
    <div
      role="gridcell"
      aria-colindex={cell + 1}
      data-cell={cell}
      tabIndex={isActive ? 0 : -1}
      className={classNames.filter(Boolean).join(" ")}
      data-label={label}
      data-touched={isTold}
    >
      {children}
      {isTold && (
        <span className={styles.was}>
          {words.columns.was(
            <bdi>{formatCell({ ...row, ...touch.was }, name, column, table)}</bdi>,
          )}
        </span>
      )}
    </div>
  );
}

interface ClippedProps {
  text: string;
  title?: string;
  column: Column | undefined;
}

/** A text cut off at the edge of its cell; hovering shows all of it. Marks the words of the search. */
export const Clipped = ({ text, title = text, column }: ClippedProps) => (
  <span className={styles.clip} title={title} dir="auto">
    {column && isSearched(column.kind) ? <Marked text={text} /> : text}
  </span>
);
