import { AlertDialog } from "radix-ui";
import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { StatusBadge } from "@/components/status-badge";
import { formatNumber } from "@/lib/format";
import type { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import { useObservable } from "@/lib/use-observable";
import type { Conflict } from "../model/order-writes";
import styles from "./conflict-dialog.module.css";
import { useOrders } from "./orders-context";

const FIELDS = {
  customer_name: "Customer",
  product_name: "Product",
  quantity: "Quantity",
} as const;

/** Someone else was faster: shows both, and asks. */
export function ConflictDialog() {
  const { writes } = useOrders();
  const [conflict] = useObservable(writes.conflicts);
  if (!conflict) return null;
  const { now, wanted } = conflict;
  return (
    <AlertDialog.Root open onOpenChange={() => writes.settle(conflict, false)}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={dialog.overlay} />
        <AlertDialog.Content className={dialog.content}>
          <AlertDialog.Title className={dialog.title}>
            Order #{now.id} was changed by someone else
          </AlertDialog.Title>
          <AlertDialog.Description className={dialog.description}>
            Your change was not made: it was meant for the order as you saw it.
          </AlertDialog.Description>
          <Comparison conflict={conflict} />
          <div className={dialog.actions}>
            <AlertDialog.Cancel asChild>
              <Button>{wanted === null ? "Keep the order" : `Leave it ${now.status}`}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button
                kind={wanted === null ? "danger" : "primary"}
                onClick={() => writes.settle(conflict, true)}
              >
                {wanted === null ? "Delete all the same" : `Set to ${wanted} all the same`}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function Comparison({ conflict: { seen, now, wanted } }: { conflict: Conflict }) {
  const changed = (Object.keys(FIELDS) as (keyof typeof FIELDS)[]).filter(
    (field) => seen[field] !== now[field],
  );
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <td />
          <th scope="col">You saw</th>
          <th scope="col">It is now</th>
          <th scope="col">You want</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">Status</th>
          <td>
            <StatusBadge status={seen.status} />
          </td>
          <td>
            <StatusBadge status={now.status} />
          </td>
          <td>{wanted === null ? <b>deleted</b> : <StatusBadge status={wanted} />}</td>
        </tr>
        {changed.map((field) => (
          <tr key={field}>
            <th scope="row">{FIELDS[field]}</th>
            <td>{valueOf(seen, field)}</td>
            <td>
              <b>{valueOf(now, field)}</b>
            </td>
            <td>–</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function valueOf(order: Order, field: keyof typeof FIELDS): string {
  const value = order[field];
  return typeof value === "number" ? formatNumber(value) : shortened(value);
}
