import { Layers, Pencil, Plus, Trash2, Eraser } from "lucide-react";
import { memo, type ReactNode } from "react";
import { type ChangeEvent, type Id, ORDERS, type Row } from "real-time-orders";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { formatCount, formatValue } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import { type Group, isGroup } from "../model/activity-log";
import styles from "./activity-entry.module.css";

const ICONS = { INSERT: Plus, UPDATE: Pencil, DELETE: Trash2, TRUNCATE: Eraser, LEAVE: Trash2 };
const DONE = {
  INSERT: "created",
  UPDATE: "changed",
  DELETE: "deleted",
  TRUNCATE: "emptied",
  LEAVE: "left",
};
/** Most columns that are named. */
const MOST_NAMED = 5;

interface EntryProps {
  item: Group | ChangeEvent;
  now: number;
  onOpen: (orderId: Id) => void;
}

/** Memoised: a new entry costs one render, not two hundred. */
export const ActivityEntry = memo(function ActivityEntry({ item, now, onOpen }: EntryProps) {
  const { operation, actor } = item;
  const burst = isGroup(item);
  const Icon = burst ? Layers : ICONS[operation];
  return (
    <li className={styles.entry} data-operation={operation}>
      <span className={styles.icon}>
        <Icon size={14} aria-hidden />
      </span>
      <div className={styles.words}>
        {burst ? <Summary group={item} /> : <Details event={item} onOpen={onOpen} />}
        <p className={styles.meta}>
          <Age time={burst ? item.ended_at : item.changed_at} now={now} />
          <code>{operation}</code>
          <span title="Position in the stream">
            {burst
              ? `${formatCount(item.first)}–${formatCount(item.last)}`
              : formatCount(item.position)}
          </span>
          {actor && (
            <span className={styles.actor}>
              by <bdi>{actor}</bdi>
            </span>
          )}
        </p>
      </div>
    </li>
  );
});

/** How many rows changed, of which columns, and by how many changes if some changed repeatedly. */
function Summary({ group }: { group: Group }) {
  const { table, operation, events, rows, columns } = group;
  const schema = useSchema();
  const noun = table === ORDERS ? "orders" : table;
  const named = (columns ?? []).map((name) =>
    table === ORDERS ? schema.label(name).toLowerCase() : name,
  );
  const more = named.length - MOST_NAMED;
  return (
    <>
      <p className={styles.title}>
        {rows === null
          ? `${formatCount(events)} changes of ${noun}`
          : `${formatCount(rows)} ${rows === 1 && table === ORDERS ? "order" : noun} ${DONE[operation]}`}
      </p>
      {named.length > 0 && (
        <p className={styles.detail}>
          {named.slice(0, MOST_NAMED).join(", ")}
          {more > 0 && ` and ${more} more`}
          {rows !== null && events > rows && ` · ${formatCount(events)} changes`}
        </p>
      )}
    </>
  );
}

interface DetailsProps {
  event: ChangeEvent;
  onOpen: (orderId: Id) => void;
}

function Details({ event, onOpen }: DetailsProps): ReactNode {
  const { table, operation, order_id, key, row, changed } = event;
  const own = table === ORDERS;
  if (operation === "TRUNCATE") {
    return <p className={styles.title}>All {own ? "orders" : table} removed</p>;
  }
  return (
    <>
      <p className={styles.title}>
        {!own && `${table} ${formatValue(Object.values(key ?? {}))} `}
        {!own && order_id !== null && "of "}
        {order_id !== null && (
          <a
            className={styles.order}
            href={`/orders/${order_id}`}
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey) return;
              event.preventDefault();
              onOpen(order_id);
            }}
          >
            #{String(order_id)}
          </a>
        )}{" "}
        {DONE[operation]}
      </p>
      <div className={styles.detail}>
        {operation === "UPDATE" && row && changed ? (
          <Changes row={row} changed={changed} />
        ) : (
          own && <OrderSummary row={row ?? changed} />
        )}
      </div>
    </>
  );
}

/** Quantity, title and customer of an order, as far as it has them. */
function OrderSummary({ row }: { row: Row | null }) {
  const schema = useSchema();
  const [quantity, title, customer] = (["quantity", "title", "customer"] as const).map((role) => {
    const value = schema.value(role, row);
    return value == null ? "" : formatValue(value, schema.role(role));
  });
  return (
    <>
      {quantity && quantity !== "1" && `${quantity} × `}
      <bdi>{title}</bdi>
      {customer && (
        <>
          {" for "}
          <bdi>{customer}</bdi>
        </>
      )}
    </>
  );
}
