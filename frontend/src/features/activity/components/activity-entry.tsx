import { ChevronRight, Eraser, Layers, Pencil, Plus, Trash2 } from "lucide-react";
import { memo, type ReactNode, Suspense, useContext } from "react";
import { type ChangeEvent, type Id, ORDERS, type Row, toJson } from "real-time-orders";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { By, Deed } from "@/components/deed";
import { OrderLink } from "@/components/order-link";
import { lazily } from "@/lib/lazily";
import { doneTo, type EventWords, pluralOf, wordsOf } from "@/lib/event-words";
import { capital, formatCount, visible } from "@/lib/format";
import { useTechnical } from "@/lib/technical";
import { KnownOrders, useSchema } from "@/lib/use-schema";
import { useWords, words } from "@/words";
import { type Group, isGroup } from "../model/activity-log";
import styles from "./activity-entry.module.css";

const BurstEvents = lazily(() => import("./burst-events"), "BurstEvents");

const ICONS = { INSERT: Plus, UPDATE: Pencil, DELETE: Trash2, TRUNCATE: Eraser, LEAVE: Trash2 };
/** The most columns to name. */
const MOST_NAMED = 5;

export interface EntryProps {
  item: Group | ChangeEvent;
  now: number;
  onOpen: (orderId: Id) => void;
  /** Whether the group's events are shown. */
  opened?: boolean;
  onToggle?: (group: Group) => void;
}

/** Memoised, so that a new entry causes one render and not two hundred. */
export const ActivityEntry = memo(function ActivityEntry(props: EntryProps) {
  const { item, now, onOpen, opened = false } = props;
  useWords();
  const [technical] = useTechnical();
  const burst = isGroup(item);
  const Icon = burst ? Layers : ICONS[item.operation];
  return (
    <li className={styles.entry} data-operation={item.operation}>
      <span className={styles.icon}>
        <Icon size={14} aria-hidden />
      </span>
      {burst ? <Summary {...props} group={item} /> : <Details event={item} onOpen={onOpen} />}
      <p className={styles.meta}>
        <Age time={burst ? item.ended_at : item.changed_at} now={now} />
        {technical && <Technical item={item} />}
      </p>
      {burst && opened && (
        <Suspense>
          <BurstEvents group={item} now={now} onOpen={onOpen} />
        </Suspense>
      )}
    </li>
  );
});

function Technical({ item }: Pick<EntryProps, "item">) {
  return (
    <>
      <code>{item.operation}</code>
      <span title={words.deeds.positionInStream}>
        {isGroup(item)
          ? `${formatCount(item.first)}–${formatCount(item.last)}`
          : formatCount(item.position)}
      </span>
    </>
  );
}

/**
 * Says how many rows changed, in which columns, and by how many changes if some rows changed
 * repeatedly.
 */
function Summary({ group, opened, onToggle }: EntryProps & { group: Group }) {
  const { table, operation, events, rows, columns, actor } = group;
  const schema = useSchema();
  const { deeds } = words;
  const noun = pluralOf(table);
  const deed = deeds[doneTo(table, operation)];
  const own = schema.of(table);
  const named = (columns ?? [])
    .filter((name) => !own?.isKept(name))
    .map((name) => words.midSentence(own?.label(name) ?? name));
  const more = named.length - MOST_NAMED;
  return (
    <>
      <p className={styles.title}>
        <button
          type="button"
          className={styles.opener}
          aria-expanded={opened}
          onClick={() => onToggle?.(group)}
        >
          {rows === null
            ? deeds.changesOf(events, noun)
            : table === ORDERS
              ? deeds.ordersDone(rows, deed)
              : deeds.rowsDone(rows, noun, deed)}
          <ChevronRight size={14} aria-hidden />
        </button>
        <By actor={actor} />
      </p>
      {named.length > 0 && (
        <p className={styles.detail}>
          {named.slice(0, MOST_NAMED).join(", ")}
          {more > 0 && deeds.andMore(more)}
          {rows !== null && events > rows && ` · ${deeds.changes(events)}`}
        </p>
      )}
    </>
  );
}

/** Returns a key as text, without thousands separators. */
const keyText = (key: Row | null): string =>
  Object.values(key ?? {})
    .map((part) => (typeof part === "string" ? visible(part) : toJson(part)))
    .join(", ");

interface DetailsProps {
  event: ChangeEvent;
  onOpen: (orderId: Id) => void;
}

function Details({ event, onOpen }: DetailsProps): ReactNode {
  const { table, operation, order_id, key, actor } = event;
  const schema = useSchema();
  const known = useContext(KnownOrders);
  const told = wordsOf(event, schema, order_id === null ? null : known(order_id));
  if (operation === "TRUNCATE") {
    return (
      <p className={styles.title}>
        {words.deeds.allRemoved(pluralOf(table))}
        <By actor={actor} />
      </p>
    );
  }
  const order = order_id !== null && (
    <OrderLink className={styles.order} order={order_id} onOpen={onOpen} />
  );
  return (
    <>
      <p className={styles.title}>
        {told.noun === null ? (
          <>
            {order} <Deed told={told} />
          </>
        ) : (
          <>
            {words.deeds.child(
              order ? capital(told.noun) : `${capital(told.noun)} ${keyText(key)}`,
              <Deed told={told} />,
            )}
            {order && placed(told, order)}
          </>
        )}
        <By actor={actor} />
      </p>
      <div className={styles.detail}>
        <Changes {...told} />
      </div>
      {told.about !== "" && (
        <p className={styles.about}>
          <bdi>{told.about}</bdi>
        </p>
      )}
    </>
  );
}

/** Chooses the preposition: added *to*, removed *from*, changed *in* an order. */
function placed({ did }: EventWords, order: ReactNode): ReactNode {
  const { addedTo, removedFrom, changedIn } = words.deeds;
  return (did === "added" ? addedTo : did === "removed" ? removedFrom : changedIn)(order);
}
