import { Search } from "lucide-react";
import type { ReactNode } from "react";
import { FilterButton, FilterChips } from "@/components/filters/filter-chips";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { OrderFilter } from "../model/order-filter";
import type { OrderSort } from "../model/order-sort";
import { ColumnChooser } from "./column-chooser";
import styles from "./filter-bar.module.css";
import { ListTakeAway } from "./list-take-away";
import { useTypedSearch } from "./use-typed-search";

interface TableBarProps {
  title: ReactNode;
  filter: OrderFilter;
  sort: OrderSort;
  onFilter: (filter: OrderFilter) => void;
}

/** Search, filters and columns of any table. */
export function TableBar({ title, filter, sort, onFilter }: TableBarProps) {
  const schema = useSchema();
  const { typed, setTyped } = useTypedSearch(filter.search, (search) =>
    onFilter({ ...filter, search }),
  );
  const filtered = {
    conditions: filter.conditions,
    table: schema.table,
    label: (name: string) => schema.label(name),
    onChange: (conditions: OrderFilter["conditions"]) => onFilter({ ...filter, conditions }),
  };
  return (
    <search className={styles.bar}>
      <div className={styles.top}>
        {title}
        <div className={styles.search}>
          <Search size={16} aria-hidden />
          <input
            type="search"
            aria-label={words.tables.search}
            placeholder={words.tables.anyText}
            maxLength={200}
            dir="auto"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <FilterButton {...filtered} />
        <ColumnChooser />
        <ListTakeAway filter={filter} sort={sort} />
      </div>
      <FilterChips {...filtered} without={undefined} />
    </search>
  );
}
