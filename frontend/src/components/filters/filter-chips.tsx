import { ListFilter, X } from "lucide-react";
import { IconButton } from "@/components/icon-button";
import { describeCondition, speaksForItself } from "@/lib/condition-text";
import { withCondition } from "@/lib/conditions";
import { words } from "@/words";
import styles from "./filter-chips.module.css";
import { type FilteredTable, FilterPopover } from "./filter-popover";

/** Adds a condition on a column of any table. */
export function FilterButton(props: FilteredTable) {
  return (
    <FilterPopover {...props} name={null}>
      <IconButton className={styles.add} label={words.filters.filter} title={words.filters.filter}>
        <ListFilter size={16} aria-hidden />
      </IconButton>
    </FilterPopover>
  );
}

interface FilterChipsProps extends FilteredTable {
  /** A column whose condition is shown elsewhere. */
  without: string | undefined;
}

/** The conditions on the columns of any table; each can be changed and removed. */
export function FilterChips({ without, ...filtered }: FilterChipsProps) {
  const { table, conditions, label, onChange } = filtered;
  const shown = Object.entries(conditions).filter(([name]) => name !== without);
  if (shown.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={words.filters.filters}>
      {shown.map(([name, condition]) => {
        const column = table.columns.find((each) => each.name === name);
        return (
          <li key={name} className={styles.chip} data-unknown={column === undefined}>
            <FilterPopover {...filtered} name={name}>
              <button type="button" className={styles.text} disabled={column === undefined}>
                {label(name)}
                {speaksForItself(condition) ? " " : ": "}
                <bdi>
                  {column ? describeCondition(condition, column) : words.filters.noSuchColumn}
                </bdi>
              </button>
            </FilterPopover>
            <button
              type="button"
              aria-label={words.filters.removeFilter(label(name))}
              title={words.filters.remove}
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
