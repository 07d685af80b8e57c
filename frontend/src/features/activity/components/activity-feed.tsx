import type { Observable } from "@/lib/observable";
import { useNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import type { ActivityLog } from "../model/activity-log";
import { ActivityEntry } from "./activity-entry";
import styles from "./activity-feed.module.css";

const AGES_TICK_MS = 10_000;

export function ActivityFeed({ log }: { log: Observable<ActivityLog> }) {
  const { entries } = useObservable(log);
  const now = useNow(AGES_TICK_MS);
  return (
    <section className={styles.panel} aria-labelledby="activity-heading">
      <header className={styles.header}>
        <h2 id="activity-heading">Activity</h2>
        <span className={styles.hint}>every change in the database</span>
      </header>
      {entries.length === 0 ? (
        <p className={styles.empty}>
          Changes by anyone show up here the moment they are made, also those in psql.
        </p>
      ) : (
        <ol className={styles.entries} tabIndex={0} aria-label="Latest changes, newest first">
          {entries.map((entry) => (
            <ActivityEntry key={entry.key} entry={entry} now={now} />
          ))}
        </ol>
      )}
    </section>
  );
}
