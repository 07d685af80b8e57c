import { memo } from "react";
import { type Row, type Table, toJson } from "real-time-orders";
import { capital, formatExact } from "@/lib/format";
import { formatCell } from "@/lib/money";
import type { ShownList } from "@/lib/printing";
import styles from "./printed-list.module.css";

interface PrintedListProps {
  list: ShownList;
  rows: readonly Row[];
  note: string;
  table: Table | undefined;
}

/** A table with every row of a list. Its heading is repeated on each page. */
export const PrintedList = memo(function PrintedList({
  list,
  rows,
  note,
  table,
}: PrintedListProps) {
  return (
    <>
      <header className={styles.head}>
        <h1>{capital(list.title)}</h1>
        <p>{[note, ...list.filters, formatExact(new Date().toISOString())].join(" · ")}</p>
      </header>
      <table className={styles.table}>
        <thead>
          <tr>
            {list.columns.map(({ name, label, column }) => (
              <th key={name} scope="col" data-kind={column?.kind}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={at}>
              {list.columns.map(({ name, column }) => (
                <td key={name} dir="auto" data-kind={column?.kind}>
                  {/* Keys are shown without thousands separators. */}
                  {table?.key.includes(name)
                    ? toJson(row[name])
                    : formatCell(row, name, column, table)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
});
