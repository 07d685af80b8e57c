import { Search } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { FilterButton, FilterChips } from "@/components/filters/filter-chips";
import { useSchema } from "@/lib/use-schema";
import type { OrderFilter } from "../model/order-filter";
import type { OrderSort } from "../model/order-sort";
import { ColumnChooser } from "./column-chooser";
import styles from "./filter-bar.module.css";
import { ListTakeAway } from "./list-take-away";

const TYPING_PAUSE_MS = 150;

interface TableBarProps {
  title: ReactNode;
  filter: OrderFilter;
  sort: OrderSort;
  onFilter: (filter: OrderFilter) => void;
}

/** Search, filters and columns of any table. */
export function TableBar({ title, filter, sort, onFilter }: TableBarProps) {
  const schema = useSchema();
  const [typed, setTyped] = useState(filter.search);
  const filtered = {
    conditions: filter.conditions,
    table: schema.table,
    label: (name: string) => schema.label(name),
    onChange: (conditions: OrderFilter["conditions"]) => onFilter({ ...filter, conditions }),
  };
  useEffect(() => {
    const search = typed.trim();
    if (search === filter.search) return;
    const timer = setTimeout(() => onFilter({ ...filter, search }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, filter, onFilter]);
  return (
    <search className={styles.bar}>
      <div className={styles.top}>
        {title}
        <div className={styles.search}>
          <Search size={16} aria-hidden />
          <input
            type="search"
            aria-label="Search this table"
            placeholder="Any text"
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
