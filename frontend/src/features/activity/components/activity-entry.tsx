import { Layers, Pencil, Plus, RotateCcw, Trash2, Eraser } from "lucide-react";
import { memo, type ReactNode } from "react";
import { Age } from "@/components/age";
import { Changes } from "@/components/changes";
import { formatNumber } from "@/lib/format";
import type { OrderEvent } from "@/lib/protocol";
import type { Entry } from "../model/activity-log";
import styles from "./activity-entry.module.css";
import { OrderSummary } from "./order-summary";

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
  onOpen: (orderId: number) => void;
}

/** Entries never change but for the burst on top: a new one costs one render, not two hundred. */
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
            Reloaded ({entry.reason.replace("_", " ")}): changes before this are in the table, not
            in this list.
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
            {formatNumber(entry.count)} {operation === "TRUNCATE" ? "times" : "orders"}{" "}
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
              ? `${formatNumber(entry.first)}–${formatNumber(entry.last)}`
              : formatNumber(entry.event.position)}
          </span>
          {actor && <span className={styles.actor}>by {actor}</span>}
        </p>
      </div>
    </li>
  );
});

interface DetailsProps {
  event: OrderEvent;
  onOpen: (orderId: number) => void;
}

function Details({ event, onOpen }: DetailsProps): ReactNode {
  const { operation, order_id, order, changed } = event;
  if (operation === "TRUNCATE") return <p className={styles.title}>All orders removed</p>;
  return (
    <>
      <p className={styles.title}>
        <a
          className={styles.order}
          href={`/orders/${order_id}`}
          onClick={(event) => {
            if (order_id === null || event.ctrlKey || event.metaKey) return;
            event.preventDefault();
            onOpen(order_id);
          }}
        >
          #{order_id}
        </a>{" "}
        {DONE[operation]}
      </p>
      <div className={styles.detail}>
        {operation === "UPDATE" && order && changed ? (
          <Changes order={order} changed={changed} />
        ) : (
          <OrderSummary row={order ?? changed} />
        )}
      </div>
    </>
  );
}
