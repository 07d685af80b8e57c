import { type ChangeEvent, ORDERS } from "real-time-orders";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { StatusBadge } from "@/components/status-badge";
import { formatCount, formatValue } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import styles from "./order-panel.module.css";

const DONE = {
  INSERT: "Created",
  UPDATE: "Changed",
  DELETE: "Deleted",
  TRUNCATE: "All orders removed",
  LEAVE: "Left",
} as const;

interface TimelineProps {
  events: readonly ChangeEvent[];
  now: number;
}

/** Newest first: users look for the latest change. */
export function Timeline({ events, now }: TimelineProps) {
  return (
    <>
      <h3 className={styles.subheading}>Timeline</h3>
      <ol className={styles.timeline} aria-label="Timeline, newest first">
        {[...events].reverse().map((event) => (
          <li key={event.position} data-operation={event.operation}>
            <p className={styles.what}>
              {DONE[event.operation]}
              {event.table !== ORDERS &&
                `: ${event.table} ${formatValue(Object.values(event.key ?? {}))}`}
            </p>
            <What event={event} />
            <p className={styles.when}>
              <Age time={event.changed_at} now={now} />
              <span>
                by {event.actor === null ? "an unnamed writer" : <bdi>{event.actor}</bdi>}
              </span>
              <span title="Position in the stream">{formatCount(event.position)}</span>
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}

function What({ event: { table, operation, row, changed } }: { event: ChangeEvent }) {
  const schema = useSchema();
  if (operation === "UPDATE" && row && changed) return <Changes row={row} changed={changed} />;
  if (operation !== "INSERT" || table !== ORDERS || !schema.role("status")) return null;
  return <StatusBadge status={schema.statusOf(row)} />;
}
