import { AlertDialog } from "radix-ui";
import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { StatusBadge } from "@/components/status-badge";
import { formatValue } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import type { Conflict } from "../model/order-writes";
import styles from "./conflict-dialog.module.css";
import { useOrders } from "./orders-context";

/** Someone else changed the order first: shows both values and asks. */
export function ConflictDialog() {
  const { writes } = useOrders();
  const schema = useSchema();
  const [conflict] = useObservable(writes.conflicts);
  if (!conflict) return null;
  const { now, wanted } = conflict;
  const status = schema.statusOf(now);
  return (
    <AlertDialog.Root open onOpenChange={() => writes.settle(conflict, false)}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={dialog.overlay} />
        <AlertDialog.Content className={dialog.content}>
          <AlertDialog.Title className={dialog.title}>
            Order #{String(now.id)} was changed by someone else
          </AlertDialog.Title>
          <AlertDialog.Description className={dialog.description}>
            Your change was not made, because the order is no longer as you saw it.
          </AlertDialog.Description>
          <Comparison conflict={conflict} />
          <div className={dialog.actions}>
            <AlertDialog.Cancel asChild>
              <Button>{wanted === null ? "Keep the order" : `Leave it ${status}`}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button
                kind={wanted === null ? "danger" : "primary"}
                onClick={() => writes.settle(conflict, true)}
              >
                {wanted === null ? "Delete anyway" : `Set to ${wanted} anyway`}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

function Comparison({ conflict: { seen, now, wanted } }: { conflict: Conflict }) {
  const schema = useSchema();
  const status = schema.role("status")?.name;
  const changed = schema.columns.filter(
    ({ name }) =>
      !["version", "updated_at", status].includes(name) &&
      formatValue(seen[name]) !== formatValue(now[name]),
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
        {(status !== undefined || wanted === null) && (
          <tr>
            <th scope="row">Status</th>
            <td>{status && <StatusBadge status={schema.statusOf(seen)} />}</td>
            <td>{status && <StatusBadge status={schema.statusOf(now)} />}</td>
            <td>{wanted === null ? <b>deleted</b> : <StatusBadge status={wanted} />}</td>
          </tr>
        )}
        {changed.map((column) => (
          <tr key={column.name}>
            <th scope="row">{schema.label(column.name)}</th>
            <td>
              <bdi>{formatValue(seen[column.name], column)}</bdi>
            </td>
            <td>
              <b>
                <bdi>{formatValue(now[column.name], column)}</bdi>
              </b>
            </td>
            <td>–</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
