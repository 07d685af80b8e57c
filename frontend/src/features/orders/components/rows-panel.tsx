import { type ComponentProps, type ReactNode, useRef } from "react";
import { formatCount } from "@/lib/format";
import { words } from "@/words";
import type { FeedState } from "../model/orders-feed";
import { FilterBar } from "./filter-bar";
import { focusResults } from "./focus-results";
import styles from "./orders-view.module.css";

interface RowsPanelProps extends Pick<
  ComponentProps<typeof FilterBar>,
  "counts" | "searchBox" | "onView"
> {
  /** The beginning of the heading's id. */
  name: "orders" | "table";
  label: string;
  /** The number of rows as text; null if it is shown elsewhere. */
  size: string | null;
  state: FeedState;
  /** Why the shown rows may be out of date. */
  problem: string | null;
  onRetry: () => void;
  /** More actions for the table. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The rows of a table, below the heading and the filters. */
export function RowsPanel(props: RowsPanelProps) {
  const { name, label, size, state, problem, onRetry, actions, children, ...bar } = props;
  const panel = useRef<HTMLElement>(null);
  return (
    <section ref={panel} className={styles.panel} aria-labelledby={`${name}-heading`}>
      <FilterBar
        {...bar}
        view={state}
        title={
          <div className={styles.title}>
            <h2 id={`${name}-heading`}>{label}</h2>
            {size !== null && <span className={styles.count}>{size}</span>}
          </div>
        }
        onLeave={(target) => {
          focusResults(panel.current, "table"); // at once: the next key is not for the box
          if (target === "row") requestAnimationFrame(() => focusResults(panel.current, target));
        }}
      >
        {actions}
      </FilterBar>
      {problem !== null && (
        <div className={styles.problem} role="alert">
          <span>{problem}</span>
          <button type="button" onClick={onRetry}>
            {words.do.tryAgain}
          </button>
        </div>
      )}
      {children}
    </section>
  );
}

/** Returns the number of rows as text. `total`: how many rows match; null before they are counted. */
export function sizeText(
  { loaded, start, rows, hasMore }: FeedState,
  total: number | null,
): string {
  if (!loaded) return "";
  const known = formatCount(start + rows.length);
  if (!hasMore) return known;
  return total === null ? `${known}+` : formatCount(total);
}
