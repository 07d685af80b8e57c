import { ListFilter, X } from "lucide-react";
import { IconButton } from "@/components/icon-button";
import { describeCondition, speaksForItself } from "@/lib/condition-text";
import { withCondition } from "@/lib/conditions";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import styles from "./filter-chips.module.css";
import { type Filtered, FilterPopover } from "./filter-popover";

/** A button that adds a condition on a column of any table. */
export function FilterButton(props: Filtered) {
  return (
    <FilterPopover {...props} name={null}>
      <IconButton className={styles.add} label={words.filters.filter} title={words.filters.filter}>
        <ListFilter size={16} aria-hidden />
      </IconButton>
    </FilterPopover>
  );
}

interface FilterChipsProps extends Filtered {
  /** A column to leave out because its condition is shown elsewhere. */
  without: string | undefined;
}

/** The conditions on the columns of any table, each of which can be changed and removed. */
export function FilterChips({ without, ...filtered }: FilterChipsProps) {
  const { conditions, onChange } = filtered;
  const schema = useSchema();
  const shown = Object.entries(conditions).filter(([name]) => name !== without);
  if (shown.length === 0) return null;
  return (
    <ul className={styles.chips} aria-label={words.filters.filters}>
      {shown.map(([name, condition]) => {
        const column = schema.column(name);
        return (
          <li key={name} className={styles.chip} data-unknown={column === undefined}>
            <FilterPopover {...filtered} name={name}>
              <button type="button" className={styles.text} disabled={column === undefined}>
                {schema.label(name)}
                {speaksForItself(condition) ? " " : ": "}
                <bdi>
                  {column ? describeCondition(condition, column) : words.filters.noSuchColumn}
                </bdi>
              </button>
            </FilterPopover>
            <button
              type="button"
              aria-label={words.filters.removeFilter(schema.label(name))}
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
