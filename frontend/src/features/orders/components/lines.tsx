import { Plus, Trash2 } from "lucide-react";
import { useMemo, useState, useSyncExternalStore } from "react";
import { type Column, type Id, keyOf, type Live, type Row } from "real-time-orders";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatValue, messageOf } from "@/lib/format";
import type { Parent } from "@/lib/money";
import { isSystem, type OrderSchema } from "@/lib/schema";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { rowId } from "../model/order-edits";
import { summedColumns, totalOf } from "../model/totals";
import { EditableValue } from "./editable-value";
import { isNumber } from "./grid-cell";
import styles from "./lines.module.css";
import { NewLine } from "./new-line";
import { useOrders } from "./orders-context";

const MOST_LINES = 500;

interface LinesProps {
  live: Live;
  /** A table whose rows belong to orders. */
  child: OrderSchema;
  order: Id;
  /** The order's row, which has the currency of its lines. */
  parent: Parent;
}

/** The order's rows of one child table, updated live; each value is edited in place. */
export function Lines({ live, child, order, parent: above }: LinesProps) {
  const { rights, writes } = useOrders();
  const { name, key, parent } = child.table;
  const link = parent?.column ?? "";
  const table = useMemo(() => {
    const [first] = key;
    const sort = first === undefined ? {} : { sort: first };
    return live.table(name, { filter: { [link]: [order] }, ...sort, limit: MOST_LINES });
  }, [live, name, key, link, order]);
  const { rows, state } = useSyncExternalStore(table.subscribe, table.getSnapshot);
  const leaving = useObservable(writes.deletes.state);
  const [adding, setAdding] = useState(false);
  const columns = shownColumns(child);
  const kept = rows.filter((row) => !leaving.has(rowId(name, keyOf(row, key))));
  const label = child.title;
  const isLoading = state.phase === "loading" && !state.problem;
  return (
    <section className={styles.section} aria-label={label}>
      <h3>
        {label} <span>{isLoading ? "…" : `${kept.length}${state.hasMore ? "+" : ""}`}</span>
      </h3>
      {state.phase === "refused" && <p role="alert">{state.problem && messageOf(state.problem)}</p>}
      {(kept.length > 0 || adding) && (
        <div className={styles.scroller}>
          <table data-editables>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.name} scope="col" data-number={isNumber(column)}>
                    {child.label(column.name)}
                  </th>
                ))}
                {rights.remove && (
                  <td>
                    <span className="visually-hidden">{words.lines.remove}</span>
                  </td>
                )}
              </tr>
            </thead>
            <tbody>
              {kept.map((row) => (
                <Line key={keyOf(row, key)} {...{ child, columns, row }} parent={above} />
              ))}
            </tbody>
            {kept.length > 1 && !state.hasMore && (
              <Totals {...{ child, columns }} rows={kept} parent={above} />
            )}
          </table>
        </div>
      )}
      {adding ? (
        <NewLine child={child} order={order} onClose={() => setAdding(false)} />
      ) : (
        rights.write && (
          <div className={styles.end}>
            <Button onClick={() => setAdding(true)} aria-label={words.lines.addTo(label)}>
              <Plus size={14} aria-hidden />
              {words.lines.add}
            </Button>
            {!rights.remove && kept.length > 0 && <span>{words.lines.adminsRemove}</span>}
          </div>
        )
      )}
    </section>
  );
}

interface LineProps {
  child: OrderSchema;
  columns: readonly Column[];
  row: Row;
  parent: Parent;
}

function Line({ child, columns, row, parent }: LineProps) {
  const { rights, writes } = useOrders();
  const { name, key } = child.table;
  const rowKey = keyOf(row, key);
  return (
    <tr>
      {columns.map((column) => (
        <td key={column.name} data-number={isNumber(column)}>
          <EditableValue
            table={name}
            rowKey={rowKey}
            row={row}
            column={column}
            label={child.label(column.name)}
            parent={parent}
          />
        </td>
      ))}
      {rights.remove && (
        <td>
          <IconButton
            className={styles.remove}
            label={words.lines.removeRow(formatValue(row[columns[0]?.name ?? ""]))}
            title={words.lines.remove}
            onClick={() => writes.removeRow(name, rowKey, row)}
          >
            <Trash2 size={14} aria-hidden />
          </IconButton>
        </td>
      )}
    </tr>
  );
}

interface TotalsProps {
  child: OrderSchema;
  columns: readonly Column[];
  rows: readonly Row[];
  parent: Parent;
}

function Totals({ child, columns, rows, parent }: TotalsProps) {
  const { rights } = useOrders();
  const summed = summedColumns(child);
  if (summed.length === 0) return null;
  return (
    <tfoot>
      <tr>
        {columns.map((column, at) => {
          const sum = summed.includes(column) ? totalOf(rows, column, child.table, parent) : null;
          return (
            <td key={column.name} data-number={isNumber(column)}>
              {sum === null ? at === 0 && words.lines.total : <b>{sum}</b>}
            </td>
          );
        })}
        {rights.remove && <td />}
      </tr>
    </tfoot>
  );
}

/** Returns the columns without the key, the column of the order, and the system's columns. */
const shownColumns = ({ columns, table }: OrderSchema): readonly Column[] =>
  columns.filter(
    (column) =>
      !isSystem(column) &&
      column.name !== table.parent?.column &&
      !(table.key.includes(column.name) && (column.default || !column.writable)),
  );
