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
  /** The place of the cell in its row, from 0. */
  cell: number;
  /** Whether the Tab key reaches it. */
  isActive: boolean;
  /** The row as it is now. */
  row: Row;
  touch: Touch | undefined;
  children: ReactNode;
}

/** The frame of every cell: its place, its look by kind, and what it was until just now. */
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

/** A text that ends where its cell does; the whole of it on hover. Words that are searched for are marked. */
export const Clipped = ({ text, title = text, column }: ClippedProps) => (
  <span className={styles.clip} title={title} dir="auto">
    {column && isSearched(column.kind) ? <Marked text={text} /> : text}
  </span>
);
