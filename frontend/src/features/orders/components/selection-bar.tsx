import { ArrowRight, Trash2, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatNumber } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { stepOn } from "../model/next-status";
import type { OrdersFeed } from "../model/orders-feed";
import { useOrders } from "./orders-context";
import styles from "./selection-bar.module.css";

/** What can be done to all that are picked. */
export function SelectionBar({ feed }: { feed: OrdersFeed }) {
  const { rights, writes, selection } = useOrders();
  const picked = useObservable(selection.state);
  const { table } = useObservable(feed.state);
  const [moving, setMoving] = useState(false);
  if (picked.size === 0) return null;

  const orders = [...picked]
    .map((id) => table.orders.get(id))
    .filter((order) => order !== undefined);
  const steps = orders.flatMap(({ status }) => stepOn(status) ?? []);
  const targets = new Set(steps);
  const [only] = targets;
  const where = targets.size === 1 && only !== undefined ? ` to ${only}` : "";

  async function moveOn(): Promise<void> {
    setMoving(true);
    const left = await writes.moveOn(orders);
    selection.remove(orders.map(({ id }) => id).filter((id) => !left.includes(id)));
    setMoving(false);
  }

  return (
    <div className={styles.bar} role="region" aria-label="Selected orders">
      <span className={styles.count}>{formatNumber(picked.size)} selected</span>
      <Button kind="primary" disabled={moving || steps.length === 0} onClick={() => void moveOn()}>
        <ArrowRight size={16} aria-hidden />
        {moving ? "Moving…" : `Move ${formatNumber(steps.length)} on${where}`}
      </Button>
      {rights.remove && (
        <Button
          disabled={moving || orders.length === 0}
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
