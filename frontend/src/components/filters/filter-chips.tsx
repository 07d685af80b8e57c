import { X } from "lucide-react";
import type { Filter, Table } from "real-time-orders";
import { describeCondition, isEmptiness } from "@/lib/condition-text";
import { withCondition } from "@/lib/conditions";
import styles from "./filter-chips.module.css";

interface FilterChipsProps {
  table: Pick<Table, "columns">;
  conditions: Filter;
  /** A column in words. */
  label: (name: string) => string;
  /** A column whose condition is shown elsewhere. */
  without: string | undefined;
  onChange: (conditions: Filter) => void;
}

/** The conditions on the columns of any table; each can be removed. */
export function FilterChips({ table, conditions, label, without, onChange }: FilterChipsProps) {
  const shown = Object.entries(conditions).filter(([name]) => name !== without);
  if (shown.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label="Filters">
      {shown.map(([name, condition]) => {
        const column = table.columns.find((each) => each.name === name);
        const words = describeCondition(condition, column);
        return (
          <li key={name} className={styles.chip} data-unknown={column === undefined}>
            <span className={styles.text}>
              {label(name)}
              {isEmptiness(condition) ? " " : ": "}
              <bdi>{column ? words : "no such column"}</bdi>
            </span>
            <button
              type="button"
              aria-label={`Remove the filter ${label(name)}`}
              title="Remove"
              onClick={() => onChange(withCondition(conditions, name, null))}
            >
              <X size={14} aria-hidden />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
