import { type ChangeEvent, ORDERS } from "real-time-orders";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { By, Deed } from "@/components/deed";
import { pluralOf, wordsOf } from "@/lib/event-words";
import { capital, formatCount } from "@/lib/format";
import type { Order } from "@/lib/row";
import { useTechnical } from "@/lib/technical";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import styles from "./order-panel.module.css";

interface TimelineProps {
  events: readonly ChangeEvent[];
  order: Order | null;
  now: number;
}

/** The history, newest event first, because users look for the latest change. */
export function Timeline({ events, order, now }: TimelineProps) {
  return (
    <>
      <h3 className={styles.subheading}>{words.activity.timeline}</h3>
      <ol className={styles.timeline} aria-label={words.activity.timelineNewest}>
        {[...events].reverse().map((event) => (
          <Entry key={event.position} {...{ event, order, now }} />
        ))}
      </ol>
      {isCut(events) && <p className={styles.note}>{words.activity.cut}</p>}
    </>
  );
}

/**
 * Whether the history lacks its beginning. Old events are removed, and rows may be older than the log.
 */
const isCut = (events: readonly ChangeEvent[]): boolean =>
  events.find(({ table }) => table === ORDERS)?.operation !== "INSERT";

type EntryProps = Omit<TimelineProps, "events"> & { event: ChangeEvent };

function Entry({ event, order, now }: EntryProps) {
  const { operation, table, changed_at, actor, position } = event;
  const schema = useSchema();
  const [technical] = useTechnical();
  const told = wordsOf(event, schema, order);
  return (
    <li data-operation={operation}>
      <p className={styles.what}>
        {operation === "TRUNCATE" ? (
          words.deeds.allRemoved(pluralOf(table))
        ) : told.noun === null ? (
          <Deed told={told} first />
        ) : (
          <>
            {words.deeds.child(capital(told.noun), <Deed told={told} />)}
            {told.about && (
              <>
                {": "}
                <bdi>{told.about}</bdi>
              </>
            )}
          </>
        )}
        <By actor={actor} />
      </p>
      <Changes {...told} />
      <p className={styles.when}>
        <Age time={changed_at} now={now} />
        {technical && (
          <>
            <code>{operation}</code>
            {actor === null && <span>{words.deeds.unnamed}</span>}
            <span title={words.deeds.positionInStream}>{formatCount(position)}</span>
          </>
        )}
      </p>
    </li>
  );
}
