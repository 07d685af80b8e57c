import { useQuery } from "@tanstack/react-query";
import { AlertDialog } from "radix-ui";
import { isId, ORDERS, type Row } from "real-time-orders";
import { Age } from "@/components/age";
import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { StatusBadge } from "@/components/status-badge";
import { formatValue } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { queries } from "@/lib/queries";
import { MAINTAINED, type OrderSchema } from "@/lib/schema";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { lastChange } from "../api/rows";
import type { Conflict } from "../model/order-writes";
import styles from "./conflict-dialog.module.css";
import { useOrders } from "./orders-context";

const AGES_TICK_MS = 10_000;
const MOST_ASKED = 10;

/**
 * Shown when someone else has changed the row first: both values, who changed it and when. The user
 * chooses one.
 */
export function ConflictDialog() {
  const { writes } = useOrders();
  const orders = useSchema();
  const [conflict] = useObservable(writes.conflicts);
  if (!conflict) return null;
  const { table, key, now, wanted } = conflict;
  const schema = orders.of(table) ?? orders;
  const [theirs, mine] = choicesOf(schema, now, wanted);
  return (
    <AlertDialog.Root open onOpenChange={() => writes.settle(conflict, false)}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={dialog.overlay} />
        <AlertDialog.Content className={dialog.content}>
          <AlertDialog.Title className={dialog.title}>
            {words.conflict.changed(writes.nameOf(table, key))}
          </AlertDialog.Title>
          <AlertDialog.Description className={dialog.description}>
            <By conflict={conflict} schema={schema} /> {words.conflict.notMade}
          </AlertDialog.Description>
          <Comparison conflict={conflict} schema={schema} />
          <div className={dialog.actions}>
            <AlertDialog.Cancel asChild>
              <Button>{theirs}</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button
                kind={wanted === null ? "danger" : "primary"}
                onClick={() => writes.settle(conflict, true)}
              >
                {mine}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

/** The names of both choices: the other change, and the user's own. */
function choicesOf(schema: OrderSchema, now: Row, wanted: Row | null): readonly [string, string] {
  const say = words.conflict;
  if (wanted === null) return [say.keep, say.deleteAnyway];
  const status = schema.role("status")?.name ?? "";
  if (status in wanted) {
    return [say.leave(schema.statusOf(now)), say.setAnyway(schema.statusOf(wanted))];
  }
  return [say.takeTheirs, say.keepMine];
}

interface PartProps {
  conflict: Conflict;
  schema: OrderSchema;
}

function By({ conflict: { table, key, seen, now }, schema: { table: described } }: PartProps) {
  const order = table === ORDERS ? seen.id : now[described.parent?.column ?? ""];
  const age = useDatabaseNow(AGES_TICK_MS);
  const { data } = useQuery(
    {
      queryKey: ["last-change", table, key, String(now.version)],
      queryFn: ({ signal }) => lastChange(table, key, now, isId(order) ? order : null, signal),
      gcTime: 0,
      // The log may not have the change yet, so ask again a few times.
      refetchInterval: ({ state }) =>
        state.data || state.dataUpdateCount > MOST_ASKED ? false : 1000,
    },
    queries,
  );
  if (!data) return words.conflict.differs;
  const { by, unnamed } = words.conflict;
  const actor = data.actor === null ? unnamed : <bdi>{data.actor}</bdi>;
  return by(<b>{actor}</b>, <Age time={data.changed_at} now={age} />);
}

function Comparison({ conflict: { seen, now, wanted }, schema }: PartProps) {
  const status = schema.role("status")?.name;
  const differs = (name: string) => formatValue(seen[name]) !== formatValue(now[name]);
  const shown = schema.columns.filter(
    ({ name }) =>
      !MAINTAINED.includes(name) &&
      (name in (wanted ?? {}) || differs(name) || (wanted === null && name === status)),
  );
  const wants = (name: string) => wanted !== null && name in wanted;
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <td />
          <th scope="col">{words.conflict.saw}</th>
          <th scope="col">{words.conflict.now}</th>
          <th scope="col">{words.conflict.want}</th>
        </tr>
      </thead>
      <tbody>
        {shown
          .toSorted((a, b) => Number(wants(b.name)) - Number(wants(a.name)))
          .map((column, at) => {
            const { name } = column;
            const show = (row: Row) =>
              name === status ? (
                <StatusBadge status={schema.statusOf(row)} />
              ) : (
                <bdi>{formatCell(row, name, column, schema.table)}</bdi>
              );
            return (
              <tr key={name}>
                <th scope="row">{schema.label(name)}</th>
                <td>{show(seen)}</td>
                <td>{differs(name) ? <b>{show(now)}</b> : show(now)}</td>
                <td>
                  {wanted && wants(name) ? (
                    show(wanted)
                  ) : wanted || at > 0 ? (
                    "–"
                  ) : (
                    <b>{words.conflict.deleted}</b>
                  )}
                </td>
              </tr>
            );
          })}
      </tbody>
    </table>
  );
}
