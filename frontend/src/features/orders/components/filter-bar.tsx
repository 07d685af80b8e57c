import { Search, UserRound, X } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useState } from "react";
import { IconButton } from "@/components/icon-button";
import { formatNumber } from "@/lib/format";
import { type Status, STATUSES } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import type { OrderCounts } from "../model/order-counts";
import { totalOf } from "../model/order-counts";
import type { OrderFilter } from "../model/order-filter";
import { type OrderSort, SORT_COLUMNS, sortFromText, sortToText } from "../model/order-sort";
import styles from "./filter-bar.module.css";
import { SORT_LABELS } from "./sort-labels";

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
  const [typed, setTyped] = useState(filter.search);
  const [applied, setApplied] = useState(filter.search);
  if (filter.search !== applied) {
    setApplied(filter.search); // changed from elsewhere: show it
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
            aria-label={`Only ${shortened(filter.customer)}. Show all customers`}
            onClick={() => onFilter({ ...filter, customer: null })}
          >
            <UserRound size={14} aria-hidden />
            <span>{shortened(filter.customer)}</span>
            <X size={14} aria-hidden />
          </button>
        )}
        <select
          className={styles.sort}
          aria-label="Sort by"
          value={sortToText(sort)}
          onChange={(event) => onSort(sortFromText(event.target.value))}
        >
          {SORT_COLUMNS.flatMap((column) => [
            <option key={`-${column}`} value={`-${column}`}>{`${SORT_LABELS[column]} ↓`}</option>,
            <option key={column} value={column}>{`${SORT_LABELS[column]} ↑`}</option>,
          ])}
        </select>
        <div className={styles.search}>
          <Search size={16} aria-hidden />
          <input
            ref={searchBox}
            type="search"
            aria-label="Search orders"
            aria-keyshortcuts="/"
            placeholder="Customer, product or number"
            maxLength={200}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") event.currentTarget.blur();
            }}
          />
          {typed !== "" && (
            <IconButton className={styles.clear} label="Clear search" onClick={() => setTyped("")}>
              <X size={14} aria-hidden />
            </IconButton>
          )}
        </div>
      </div>
      <fieldset className={styles.tabs}>
        <legend className="visually-hidden">Status</legend>
        {[null, ...STATUSES].map((status) => (
          <label key={status} className={styles.tab}>
            <input
              type="radio"
              name="status"
              className="visually-hidden"
              checked={filter.status === status}
              onChange={() => onFilter({ ...filter, status, search: typed.trim() })}
            />
            {status ?? "All"}
            <span className={styles.count} data-testid={`count-${status ?? "all"}`}>
              {counts && formatNumber(countFor(counts, status))}
            </span>
          </label>
        ))}
      </fieldset>
    </search>
  );
}

const countFor = (counts: OrderCounts, status: Status | null): number =>
  Math.max(0, status === null ? totalOf(counts) : counts[status]);
