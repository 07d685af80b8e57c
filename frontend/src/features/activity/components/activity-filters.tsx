import { useQuery } from "@tanstack/react-query";
import { TechnicalSwitch } from "@/components/technical-switch";
import { dayOf, midnight } from "@/lib/days";
import { formatExact } from "@/lib/format";
import { queries } from "@/lib/queries";
import { listActors } from "../api/list-groups";
import type { ActivityFilter, When } from "../model/activity-filter";
import type { Seen } from "../model/visits";
import styles from "./activity-panel.module.css";

interface ActivityFiltersProps {
  filter: ActivityFilter;
  now: number;
  /** Where the reader's last visit ended; null: this is the first. */
  visit: Seen | null;
  /** The name of the reader; "" where nobody signs in. */
  me: string;
  onFilter: (filter: ActivityFilter) => void;
}

/** When the shown changes were made, and by whom. */
export function ActivityFilters({ filter, now, visit, me, onFilter }: ActivityFiltersProps) {
  const { when, by } = filter;
  const range = typeof when === "object" ? when : null;
  const setWhen = (chosen: When) => onFilter({ ...filter, when: chosen });
  const actors = useQuery(
    { queryKey: ["actors"], queryFn: ({ signal }) => listActors(signal), staleTime: 60_000 },
    queries,
  );
  const names = new Set([...(by === null ? [] : [by]), ...(actors.data ?? [])]);
  const others = [...names].filter((name) => name !== me);
  return (
    <div className={styles.filters}>
      <select
        className={styles.filter}
        aria-label="When"
        value={range ? "range" : (when as string)}
        onChange={({ target }) =>
          setWhen(
            target.value === "range"
              ? { from: `${dayOf(midnight(0, now))}T00:00`, to: "" }
              : (target.value as When),
          )
        }
      >
        <option value="any">Any time</option>
        <option value="hour">Last hour</option>
        <option value="today">Today</option>
        <option value="yesterday">Yesterday</option>
        {visit ? (
          <option value="visit">Since I was last here ({formatExact(visit.at)})</option>
        ) : (
          <option value="visit" disabled>
            Since I was last here (this is your first visit)
          </option>
        )}
        <option value="range">Own range…</option>
      </select>
      {(names.size > 0 || me !== "") && (
        <select
          className={styles.filter}
          aria-label="By whom"
          value={by === null ? "" : `=${by}`}
          onChange={({ target }) => onFilter({ ...filter, by: target.value.slice(1) || null })}
        >
          <option value="">By anyone</option>
          {me !== "" && <option value={`=${me}`}>By me</option>}
          {others.map((name) => (
            <option key={name} value={`=${name}`}>
              By {name}
            </option>
          ))}
        </select>
      )}
      {range && (
        <>
          <input
            type="datetime-local"
            className={styles.filter}
            aria-label="From"
            value={range.from}
            max={range.to || undefined}
            onChange={({ target }) => setWhen({ ...range, from: target.value.slice(0, 16) })}
          />
          <input
            type="datetime-local"
            className={styles.filter}
            aria-label="Until"
            value={range.to}
            min={range.from || undefined}
            onChange={({ target }) => setWhen({ ...range, to: target.value.slice(0, 16) })}
          />
        </>
      )}
      <TechnicalSwitch />
    </div>
  );
}
