import { ArrowRight, RefreshCw, Trash2, X } from "lucide-react";
import { useState } from "react";
import { versionOf } from "real-time-orders";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatCount } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import type { OrdersFeed } from "../model/orders-feed";
import { useOrders } from "./orders-context";
import styles from "./selection-bar.module.css";

/** Actions on the selected orders, as they were when the user selected them. */
export function SelectionBar({ feed }: { feed: OrdersFeed }) {
  const { rights, writes, selection } = useOrders();
  const schema = useSchema();
  const selected = useObservable(selection.state);
  useObservable(feed.state);
  const [moving, setMoving] = useState(false);
  if (selected.size === 0) return null;

  const orders = [...selected.values()];
  const steps = orders.flatMap((order) => schema.stepOn(schema.statusOf(order)) ?? []);
  const [target, ...others] = new Set(steps);
  const where = target !== undefined && others.length === 0 ? ` to ${target}` : "";
  const changed = orders.flatMap((order) => {
    const now = feed.get(order.id);
    return now && versionOf(now) !== versionOf(order) ? [now] : [];
  });

  async function moveOn(): Promise<void> {
    setMoving(true);
    const left = await writes.moveOn(orders);
    selection.remove(orders.map(({ id }) => id).filter((id) => !left.includes(id)));
    setMoving(false);
  }

  return (
    <div className={styles.bar} role="region" aria-label="Selected orders">
      <span className={styles.count}>{formatCount(selected.size)} selected</span>
      {changed.length > 0 && !moving && (
        <Changed count={changed.length} onUpdate={() => selection.add(changed)} />
      )}
      {schema.role("status") && (
        <Button
          kind="primary"
          disabled={moving || steps.length === 0}
          onClick={() => void moveOn()}
        >
          <ArrowRight size={16} aria-hidden />
          {moving ? "Moving…" : `Move ${formatCount(steps.length)} on${where}`}
        </Button>
      )}
      {rights.remove && (
        <Button
          disabled={moving}
          aria-label={`Delete ${orders.length} selected`}
          onClick={() => {
            writes.remove(orders);
            selection.clear();
          }}
        >
          <Trash2 size={16} aria-hidden />
          <span className={styles.wide}>Delete</span>
        </Button>
      )}
      <IconButton label="Clear selection" onClick={() => selection.clear()}>
        <X size={16} aria-hidden />
      </IconButton>
    </div>
  );
}

/** Orders that someone else changed are refused until the user has seen how they are now. */
function Changed({ count, onUpdate }: { count: number; onUpdate: () => void }) {
  return (
    <Button onClick={onUpdate} title="Select them as they are now">
      <RefreshCw size={16} aria-hidden />
      {formatCount(count)} changed since<span className={styles.wide}>: update</span>
    </Button>
  );
}
