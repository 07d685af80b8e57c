import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { StatusBadge } from "@/components/status-badge";
import { formatNumber } from "@/lib/format";
import type { OrderEvent } from "@/lib/protocol";
import styles from "./order-panel.module.css";

const DONE = {
  INSERT: "Created",
  UPDATE: "Changed",
  DELETE: "Deleted",
  TRUNCATE: "All orders removed",
  LEAVE: "Left",
} as const;

interface TimelineProps {
  events: readonly OrderEvent[];
  now: number;
}

/** Newest first: what has just happened is what one looks for. */
export function Timeline({ events, now }: TimelineProps) {
  return (
    <>
      <h3 className={styles.subheading}>Timeline</h3>
      <ol className={styles.timeline} aria-label="Timeline, newest first">
        {[...events].reverse().map((event) => (
          <li key={event.position} data-operation={event.operation}>
            <p className={styles.what}>{DONE[event.operation]}</p>
            <What event={event} />
            <p className={styles.when}>
              <Age time={event.changed_at} now={now} />
              <span>{event.actor == null ? "by an unnamed writer" : `by ${event.actor}`}</span>
              <span title="Position in the stream">{formatNumber(event.position)}</span>
            </p>
          </li>
        ))}
      </ol>
    </>
  );
}

function What({ event: { operation, order, changed } }: { event: OrderEvent }) {
  if (operation === "INSERT" && order) return <StatusBadge status={order.status} />;
  if (operation !== "UPDATE" || !order || !changed) return null;
  return <Changes order={order} changed={changed} />;
}
