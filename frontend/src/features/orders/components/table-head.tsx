import { ArrowDown, ArrowUp } from "lucide-react";
import { descendsFirst, type OrderSort } from "../model/order-sort";
import type { TableColumn } from "../model/table-columns";
import { useOrders } from "./orders-context";
import { isNumber } from "./order-row";
import styles from "./orders-table.module.css";

interface TableHeadProps {
  columns: readonly TableColumn[];
  sort: OrderSort;
  onSort: (sort: OrderSort) => void;
}

export function TableHead({ columns, sort, onSort }: TableHeadProps) {
  const { rights } = useOrders();
  return (
    <div role="rowgroup" className={styles.head}>
      <div role="row" aria-rowindex={1} className={styles.headings}>
        {rights.write && (
          <div role="columnheader">
            <span className="visually-hidden">Select</span>
          </div>
        )}
        {columns.map(({ name, label, role, column }) => {
          const sorted = sort.column === name;
          const descending = sorted ? !sort.descending : descendsFirst(name, column);
          const Arrow = sort.descending ? ArrowDown : ArrowUp;
          return (
            <div
              key={name}
              role="columnheader"
              data-role={role}
              data-number={isNumber(column)}
              title={column?.comment ?? undefined}
              aria-sort={sorted ? (sort.descending ? "descending" : "ascending") : "none"}
            >
              <button type="button" onClick={() => onSort({ column: name, descending })}>
                <span>{label}</span>
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
