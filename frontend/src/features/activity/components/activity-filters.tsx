import { useQuery } from "@tanstack/react-query";
import { TechnicalSwitch } from "@/components/technical-switch";
import { dayOf, midnight } from "@/lib/days";
import { formatExact } from "@/lib/format";
import { queries } from "@/lib/queries";
import { words } from "@/words";
import { listActors } from "../api/list-groups";
import type { ActivityFilter, When } from "../model/activity-filter";
import type { Seen } from "../model/visits";
import styles from "./activity-panel.module.css";

interface ActivityFiltersProps {
  filter: ActivityFilter;
  now: number;
  /** Where the user's last visit ended; null on the first visit. */
  visit: Seen | null;
  /** The name of the user; "" without sign-in. */
  me: string;
  onFilter: (filter: ActivityFilter) => void;
}

/** Filters for when changes were made, and by whom. */
export function ActivityFilters({ filter, now, visit, me, onFilter }: ActivityFiltersProps) {
  const say = words.activity;
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
        aria-label={say.when}
        value={range ? "range" : (when as string)}
        onChange={({ target }) =>
          setWhen(
            target.value === "range"
              ? { from: `${dayOf(midnight(0, now))}T00:00`, to: "" }
              : (target.value as When),
          )
        }
      >
        <option value="any">{say.anyTime}</option>
        <option value="hour">{say.lastHour}</option>
        <option value="today">{say.today}</option>
        <option value="yesterday">{say.yesterday}</option>
        {visit ? (
          <option value="visit">{say.sinceVisit(formatExact(visit.at))}</option>
        ) : (
          <option value="visit" disabled>
            {say.firstVisit}
          </option>
        )}
        <option value="range">{say.ownRange}</option>
      </select>
      {(names.size > 0 || me !== "") && (
        <select
          className={styles.filter}
          aria-label={say.byWhom}
          value={by === null ? "" : `=${by}`}
          onChange={({ target }) => onFilter({ ...filter, by: target.value.slice(1) || null })}
        >
          <option value="">{say.byAnyone}</option>
          {me !== "" && <option value={`=${me}`}>{say.byMe}</option>}
          {others.map((name) => (
            <option key={name} value={`=${name}`}>
              {say.byName(name)}
            </option>
          ))}
        </select>
      )}
      {range &&
        (["from", "to"] as const).map((side) => (
          <input
            key={side}
            type="datetime-local"
            className={styles.filter}
            aria-label={side === "from" ? say.from : say.until}
            value={range[side]}
            min={(side === "to" && range.from) || undefined}
            max={(side === "from" && range.to) || undefined}
            onChange={({ target }) => setWhen({ ...range, [side]: target.value.slice(0, 16) })}
          />
        ))}
      <TechnicalSwitch />
    </div>
  );
}
