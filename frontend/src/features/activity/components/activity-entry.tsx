import { Layers, Pencil, Plus, RotateCcw, Trash2, Eraser } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { formatCount, formatValue } from "@/lib/format";
import { type ChangeEvent, ORDERS } from "@/lib/protocol";
import type { Id, Row } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import type { Entry } from "../model/activity-log";
import styles from "./activity-entry.module.css";

const ICONS = { INSERT: Plus, UPDATE: Pencil, DELETE: Trash2, TRUNCATE: Eraser, LEAVE: Trash2 };
const DONE = {
  INSERT: "created",
  UPDATE: "changed",
  DELETE: "deleted",
  TRUNCATE: "emptied",
  LEAVE: "left",
};

interface EntryProps {
  entry: Entry;
  now: number;
  onOpen: (orderId: Id) => void;
}

/** Memoised: a new entry costs one render, not two hundred. */
export const ActivityEntry = memo(function ActivityEntry(props: EntryProps) {
  const { entry, now, onOpen } = props;
  if (entry.kind === "break") {
    return (
      <li className={styles.entry} data-operation="BREAK">
        <span className={styles.icon}>
          <RotateCcw size={14} aria-hidden />
        </span>
        <div className={styles.words}>
          <p className={styles.detail}>
            Reloaded ({entry.reason.replace("_", " ")}): some changes before this are not in this
            list; the table has them.
          </p>
        </div>
      </li>
    );
  }
  const { operation, actor, changed_at } = entry.kind === "burst" ? entry : entry.event;
  const Icon = entry.kind === "burst" ? Layers : ICONS[operation];
  return (
    <li className={styles.entry} data-operation={operation}>
      <span className={styles.icon}>
        <Icon size={14} aria-hidden />
      </span>
      <div className={styles.words}>
        {entry.kind === "burst" ? (
          <p className={styles.title}>
            {formatCount(entry.count)} {entry.table === ORDERS ? "orders" : entry.table}{" "}
            {DONE[operation]}
          </p>
        ) : (
          <Details event={entry.event} onOpen={onOpen} />
        )}
        <p className={styles.meta}>
          <Age time={changed_at} now={now} />
          <code>{operation}</code>
          <span title="Position in the stream">
            {entry.kind === "burst"
              ? `${formatCount(entry.first)}–${formatCount(entry.last)}`
              : formatCount(entry.event.position)}
          </span>
          {actor && <span className={styles.actor}>by {actor}</span>}
        </p>
      </div>
    </li>
  );
});

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
  return [quantity && quantity !== "1" ? `${quantity} ×` : "", title, customer && `for ${customer}`]
    .filter(Boolean)
    .join(" ");
}
