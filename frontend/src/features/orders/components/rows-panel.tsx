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
  /** Of the heading's id. */
  name: "orders" | "table";
  label: string;
  /** How many rows there are; null where that is told elsewhere. */
  size: string | null;
  state: FeedState;
  /** Why what is shown may be out of date. */
  problem: string | null;
  onRetry: () => void;
  /** More to do with the table. */
  actions?: ReactNode;
  children: ReactNode;
}

/** The rows of a table below their heading and what filters them. */
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
          focusResults(panel.current, "table"); // at once: the next key is no longer for the box
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

/** `total`: how many rows match; null until they are counted. */
export function sizeText(
  { loaded, start, rows, hasMore }: FeedState,
  total: number | null,
): string {
  if (!loaded) return "";
  const known = formatCount(start + rows.length);
  if (!hasMore) return known;
  return total === null ? `${known}+` : formatCount(total);
}
