import { ArrowRight, Undo2 } from "lucide-react";
import { visibleStatus } from "@/lib/format";
import type { Order } from "@/lib/row";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { useOrders } from "./orders-context";
import styles from "./step-button.module.css";

interface StepButtonProps {
  order: Order;
  /** The status that is shown. */
  status: string;
}

/** Sets an order's next status. Shortly after, the same button undoes the change. */
export function StepButton({ order, status }: StepButtonProps) {
  const { rights, runs, writes } = useOrders();
  const schema = useSchema();
  const offered = useObservable(writes.undos.state);
  if (!rights.write) return null;
  const undo = offered?.ids.has(order.id) && offered.ids.size === 1 ? offered : null;
  const next = schema.stepOn(status);
  if (!undo && next === null) return null;
  const label = undo ? undo.label : words.orders.next(visibleStatus(next ?? ""));
  const Icon = undo ? Undo2 : ArrowRight;
  return (
    <button
      type="button"
      className={styles.step}
      data-step={undo ? "undo" : "next"}
      tabIndex={-1}
      title={words.orders.withKey(label, undo ? `${words.keyboard.controlKey} Z` : "e")}
      aria-label={words.orders.step(String(order.id), label)}
      onClick={() => {
        if (undo) writes.undos.undo(undo);
        else if (next !== null) void runs.one(order, status, next);
      }}
    >
      <Icon size={15} aria-hidden />
      <span className={styles.words}>{label}</span>
    </button>
  );
}
