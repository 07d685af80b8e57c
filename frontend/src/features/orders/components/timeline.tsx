import { type ChangeEvent, ORDERS } from "real-time-orders";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { By, Deed } from "@/components/deed";
import { capital, pluralOf, wordsOf } from "@/lib/event-words";
import { formatCount } from "@/lib/format";
import { useTechnical } from "@/lib/technical";
import { useSchema } from "@/lib/use-schema";
import styles from "./order-panel.module.css";

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
          <Entry key={event.position} event={event} now={now} />
        ))}
      </ol>
      {isCut(events) && (
        <p className={styles.note}>What happened before is not in the log, or is no longer kept.</p>
      )}
    </>
  );
}

/** Whether the history lacks its beginning: old events are removed, and rows may be older than the log. */
const isCut = (events: readonly ChangeEvent[]): boolean =>
  events.find(({ table }) => table === ORDERS)?.operation !== "INSERT";

function Entry({ event, now }: { event: ChangeEvent; now: number }) {
  const { operation, table, changed_at, actor, position } = event;
  const schema = useSchema();
  const [technical] = useTechnical();
  const words = wordsOf(event, schema);
  return (
    <li data-operation={operation}>
      <p className={styles.what}>
        {operation === "TRUNCATE" ? (
          `All ${pluralOf(table)} removed`
        ) : words.noun === null ? (
          <Deed words={words} first />
        ) : (
          <>
            {capital(words.noun)} <Deed words={words} />
            {words.about && (
              <>
                {": "}
                <bdi>{words.about}</bdi>
              </>
            )}
          </>
        )}
        <By actor={actor} />
      </p>
      <Changes {...words} />
      <p className={styles.when}>
        <Age time={changed_at} now={now} />
        {technical && (
          <>
            <code>{operation}</code>
            {actor === null && <span>by an unnamed writer</span>}
            <span title="Position in the stream">{formatCount(position)}</span>
          </>
        )}
      </p>
    </li>
  );
}
