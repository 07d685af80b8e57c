import { ArrowDown, ArrowUp } from "lucide-react";
import type { OrderSort, SortColumn } from "../model/order-sort";
import { useOrders } from "./orders-context";
import styles from "./orders-table.module.css";
import { SORT_LABELS } from "./sort-labels";

interface TableHeadProps {
  sort: OrderSort;
  onSort: (sort: OrderSort) => void;
}

/** Numbers and times are wanted largest first, words from A. */
const DESCENDING_FIRST: readonly SortColumn[] = ["id", "quantity", "updated_at"];

export function TableHead({ sort, onSort }: TableHeadProps) {
  const { rights } = useOrders();
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headings}>
        {rights.write && (
          <div role="columnheader">
            <span className="visually-hidden">Select</span>
          </div>
        )}
        {Object.entries(SORT_LABELS).map(([name, label]) => {
          const column = name as SortColumn;
          const sorted = sort.column === column;
          const descending = sorted ? !sort.descending : DESCENDING_FIRST.includes(column);
          const Arrow = sort.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={column}
              role="columnheader"
              data-column={column}
              aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
            >
              <button type="button" onClick={() => onSort({ column, descending })}>
                {label}
                {sorted && <Arrow size={12} aria-hidden />}
              </button>
            </div>
          );
        })}
        {rights.remove && (
          <div role="columnheader">
            <span className="visually-hidden">Actions</span>
          </div>
        )}
      </div>
    </div>
  );
}
