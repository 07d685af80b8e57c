import { Search, UserRound, X } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useState } from "react";
import { IconButton } from "@/components/icon-button";
import { formatCount, visible, visibleStatus } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import { countOf, type OrderCounts, statusesIn } from "../model/order-counts";
import type { OrderFilter } from "../model/order-filter";
import { type OrderSort, sortFromText, sortToText } from "../model/order-sort";
import { offeredColumns } from "../model/table-columns";
import { ColumnChooser } from "./column-chooser";
import styles from "./filter-bar.module.css";

const TYPING_PAUSE_MS = 150;

interface FilterBarProps {
  title: ReactNode;
  filter: OrderFilter;
  sort: OrderSort;
  counts: OrderCounts | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onFilter: (filter: OrderFilter) => void;
  onSort: (sort: OrderSort) => void;
}

export function FilterBar({
  title,
  filter,
  sort,
  counts,
  searchBox,
  onFilter,
  onSort,
}: FilterBarProps) {
  const schema = useSchema();
  const [typed, setTyped] = useState(filter.search);
  const [applied, setApplied] = useState(filter.search);
  if (filter.search !== applied) {
    setApplied(filter.search); // changed elsewhere, for example by the Back button
    if (filter.search !== typed.trim()) setTyped(filter.search);
  }

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
        {filter.customer !== null && (
          <button
            type="button"
            className={styles.customer}
            aria-label={`Only ${visible(filter.customer)}. Show all customers`}
            onClick={() => onFilter({ ...filter, customer: null })}
          >
            <UserRound size={14} aria-hidden />
            <bdi>{visible(filter.customer)}</bdi>
            <X size={14} aria-hidden />
          </button>
        )}
        <select
          className={styles.sort}
          aria-label="Sort by"
          value={sortToText(sort)}
          onChange={(event) => onSort(sortFromText(event.target.value))}
        >
          {[{ name: "id", label: "Order" }, ...offeredColumns(schema)].flatMap(
            ({ name, label }) => [
              <option key={`-${name}`} value={`-${name}`}>{`${label} ↓`}</option>,
              <option key={name} value={name}>{`${label} ↑`}</option>,
            ],
          )}
        </select>
        <div className={styles.search}>
          <Search size={16} aria-hidden />
          <input
            ref={searchBox}
            type="search"
            aria-label="Search orders"
            aria-keyshortcuts="/"
            placeholder="Any text, or #17"
            maxLength={200}
            dir="auto"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              event.preventDefault(); // the browser would empty the field
              event.currentTarget.blur();
            }}
          />
          {typed !== "" && (
            <IconButton className={styles.clear} label="Clear search" onClick={() => setTyped("")}>
              <X size={14} aria-hidden />
            </IconButton>
          )}
        </div>
        <ColumnChooser />
      </div>
      {(schema.role("status") !== undefined || filter.status !== null) && (
        <fieldset className={styles.tabs}>
          <legend className="visually-hidden">Status</legend>
          {[null, ...statusesIn(schema, counts, filter)].map((status) => (
            <label key={status} className={styles.tab}>
              <input
                type="radio"
                name="status"
                className="visually-hidden"
                checked={filter.status === status}
                onChange={() => onFilter({ ...filter, status, search: typed.trim() })}
              />
              <bdi className={styles.name}>{status === null ? "All" : visibleStatus(status)}</bdi>
              <span className={styles.count} data-testid={`count-${status ?? "all"}`}>
                {counts && formatCount(countOf(counts, status))}
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </search>
  );
}
