import { Search, X } from "lucide-react";
import { useEffect, useState } from "react";
import { STATUSES } from "@/lib/protocol";
import type { OrderFilter } from "../model/order-filter";
import styles from "./filter-bar.module.css";

const TYPING_PAUSE_MS = 150;

interface FilterBarProps {
  filter: OrderFilter;
  onFilter: (filter: OrderFilter) => void;
}

export function FilterBar({ filter, onFilter }: FilterBarProps) {
  const [typed, setTyped] = useState(filter.search);

  useEffect(() => {
    const search = typed.trim();
    if (search === filter.search) return;
    const timer = setTimeout(() => onFilter({ ...filter, search }), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, filter, onFilter]);

  return (
    <search className={styles.bar}>
      <fieldset className={styles.tabs}>
        <legend className="visually-hidden">Status</legend>
        {[null, ...STATUSES].map((status) => (
          <label key={status} className={styles.tab}>
            <input
              type="radio"
              name="status"
              className="visually-hidden"
              checked={filter.status === status}
              onChange={() => onFilter({ status, search: typed.trim() })}
            />
            {status ?? "All"}
          </label>
        ))}
      </fieldset>
      <div className={styles.search}>
        <Search size={16} aria-hidden />
        <input
          type="search"
          aria-label="Search orders"
          placeholder="Customer, product or number"
          maxLength={200}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        {typed !== "" && (
          <button type="button" aria-label="Clear search" onClick={() => setTyped("")}>
            <X size={14} aria-hidden />
          </button>
        )}
      </div>
    </search>
  );
}
