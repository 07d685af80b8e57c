import { Search, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type RefObject, Suspense, useRef } from "react";
import { ORDERS } from "real-time-orders";
import { FilterButton, FilterChips } from "@/components/filters/filter-chips";
import type { Filtered } from "@/components/filters/filter-popover";
import { IconButton } from "@/components/icon-button";
import { lazily } from "@/lib/lazily";
import { formatCount, visibleStatus } from "@/lib/format";
import type { HistoryStep } from "@/lib/route";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { countOf, type OrderCounts, statusesIn } from "../model/order-counts";
import { type OrderFilter, type OrderView, statusesOf, withStatus } from "../model/order-filter";
import { sortFromText, sortToText } from "../model/order-sort";
import { offeredColumns } from "../model/table-columns";
import { ColumnChooser } from "./column-chooser";
import { ListTakeAway } from "./list-take-away";
import styles from "./filter-bar.module.css";
import type { ShowView } from "./use-view-address";
import { useTypedSearch } from "./use-typed-search";
import { ViewsMenu } from "./views-menu";

const AttentionTab = lazily(() => import("./attention-tab"), "AttentionTab");

interface FilterBarProps {
  title: ReactNode;
  view: OrderView;
  counts: OrderCounts | null;
  searchBox: RefObject<HTMLInputElement | null>;
  onView: ShowView;
  /** Called when a key moves the focus from the search box to the table or its first row. */
  onLeave: (target: "table" | "row") => void;
  /** More actions for the table. */
  children?: ReactNode;
}

/** Views, search, filters and columns of any table. */
export function FilterBar(props: FilterBarProps) {
  const { title, view, counts, searchBox, onView, onLeave, children } = props;
  const { filter, sort } = view;
  const onFilter = (next: OrderFilter, step?: HistoryStep) => onView({ filter: next, sort }, step);
  const schema = useSchema();
  const isOrders = schema.table.name === ORDERS || !schema.hasOrders;
  /** Whether the user is still typing the search that was applied last. */
  const isTyping = useRef(false);
  /** All steps of typing one search make one entry of the browser's history. */
  const { typed, setTyped, apply } = useTypedSearch(filter.search, (search) => {
    onFilter({ ...filter, search }, isTyping.current ? "same" : "new");
    isTyping.current = document.activeElement === searchBox.current;
  });

  const status = schema.role("status");
  const chosen = statusesOf(filter, schema);
  const isAny = status === undefined || !(status.name in filter.conditions);
  /** Null: every status. Undefined: no tab matches the condition. */
  const tab = isAny ? null : chosen.length === 1 ? chosen[0] : undefined;

  const filtered: Filtered = {
    conditions: filter.conditions,
    onChange: (conditions, step) => onFilter({ ...filter, conditions }, step),
  };

  /** Handles the keys that leave the search box. Its text stays. */
  function press(event: KeyboardEvent): void {
    if (!["Escape", "Enter", "ArrowDown"].includes(event.key)) return;
    if (event.nativeEvent.isComposing) return; // the key belongs to the input method
    event.preventDefault(); // the browser would clear the field
    apply();
    onLeave(event.key === "Escape" ? "table" : "row");
  }

  return (
    <search className={styles.bar}>
      <div className={styles.top}>
        {title}
        <ViewsMenu view={view} />
        <select
          className={styles.sort}
          aria-label={words.orders.sortBy}
          value={sortToText(sort)}
          onChange={(event) => onView({ filter, sort: sortFromText(event.target.value) }, "same")}
        >
          {sort.length > 1 && (
            <option value={sortToText(sort)}>{words.orders.sortColumns(sort.length)}</option>
          )}
          {[{ name: "id", label: schema.label(schema.key) }, ...offeredColumns(schema)].flatMap(
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
            aria-label={isOrders ? words.orders.search : words.tables.search}
            aria-keyshortcuts="/"
            placeholder={isOrders ? words.orders.searchHint : words.tables.anyText}
            maxLength={200}
            dir="auto"
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={press}
            onBlur={() => (isTyping.current = false)}
          />
          {typed !== "" && (
            <IconButton
              className={styles.clear}
              label={words.orders.clearSearch}
              onClick={() => setTyped("")}
            >
              <X size={14} aria-hidden />
            </IconButton>
          )}
        </div>
        <FilterButton {...filtered} />
        <ColumnChooser />
        <ListTakeAway {...view} />
        {children}
      </div>
      {schema.role("status") !== undefined && (
        <fieldset className={styles.tabs}>
          <legend className="visually-hidden">{words.orders.status}</legend>
          {(schema.hasThresholds || filter.attention) && (
            <Suspense>
              <AttentionTab filter={filter} onView={onView} />
            </Suspense>
          )}
          {[null, ...statusesIn(schema, counts, filter)].map((each) => (
            <label key={each} className={styles.tab}>
              <input
                type="radio"
                name="status"
                className="visually-hidden"
                checked={tab === each}
                onChange={() =>
                  onFilter(withStatus({ ...filter, search: typed.trim() }, schema, each))
                }
              />
              <bdi className={styles.name}>
                {each === null ? words.orders.all : visibleStatus(each)}
              </bdi>
              <span className={styles.count} data-testid={`count-${each ?? "all"}`}>
                {counts && formatCount(countOf(counts, each))}
              </span>
              <span className="visually-hidden">{words.orders.ofOrders}</span>
            </label>
          ))}
        </fieldset>
      )}
      <FilterChips {...filtered} without={typeof tab === "string" ? status?.name : undefined} />
    </search>
  );
}
