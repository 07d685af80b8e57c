import { Copy, ListFilter, Printer, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { type Column, type Id, type Live, ORDERS, RefusedError, versionOf } from "real-time-orders";
import { Facts } from "@/components/facts";
import { IconButton } from "@/components/icon-button";
import { StatusBadge } from "@/components/status-badge";
import { useToasts } from "@/components/toasts";
import { messageOf, visible } from "@/lib/format";
import { formatCell } from "@/lib/money";
import { print } from "@/lib/printing";
import { type Order, readOrder, textIn } from "@/lib/row";
import { isSystem, type OrderSchema, type Role } from "@/lib/schema";
import { useTechnical } from "@/lib/technical";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { getWithChildren } from "../api/orders";
import { lastOf } from "../model/history";
import { copyOf } from "../model/new-order";
import { rowId, withEdit } from "../model/order-edits";
import { EditableValue } from "./editable-value";
import { Lines } from "./lines";
import type { OrdersFeed } from "../model/orders-feed";
import styles from "./order-panel.module.css";
import { useOrders } from "./orders-context";
import { StatusMenu } from "./status-menu";
import { Timeline } from "./timeline";
import { type Listen, useHistory } from "./use-history";

const AGES_TICK_MS = 10_000;
/** The API creates at most this many children of one table in one request. */
const MOST_COPIED = 200;

interface OrderPanelProps {
  id: Id;
  feed: OrdersFeed;
  live: Live;
  listen: Listen;
  onClose: () => void;
  /** Called to fill the form of a new order with this one. */
  onDuplicate: () => void;
}

/** The panel of one order: its columns and its history. */
export function OrderPanel({ id, feed, live, listen, onClose, onDuplicate }: OrderPanelProps) {
  const schema = useSchema();
  const { children } = schema;
  const { rights, writes } = useOrders();
  const toasts = useToasts();
  const heading = useRef<HTMLHeadingElement>(null);
  const { query: history, events, touched } = useHistory(id, listen);
  useObservable(feed.state);
  const known = feed.get(id);
  const now = useDatabaseNow(AGES_TICK_MS);
  useEffect(() => heading.current?.focus({ preventScroll: true }), [id]);

  async function duplicate(): Promise<void> {
    const names = children.map(({ table }) => table.name);
    try {
      const copied = await getWithChildren(id, names);
      for (const name of names) {
        const rows = copied[name];
        if (Array.isArray(rows) && rows.length > MOST_COPIED) {
          throw new Error(words.panel.tooMany(MOST_COPIED, name));
        }
      }
      const draft = writes.newRow(ORDERS);
      const before = draft.get();
      draft.set(copyOf(copied, id, schema));
      onDuplicate();
      const undo = () => draft.set(before);
      if (before === null) return;
      const action = { label: words.panel.takeBack, run: undo };
      toasts.show({ tone: "neutral", title: words.panel.replaces, action });
    } catch (error) {
      toasts.show({ tone: "bad", title: words.panel.cannotCopy, detail: messageOf(error) });
    }
  }

  const last = lastOf(events);
  const order = newest([history.data?.order, readOrder(last.order), known]);
  const missing = history.error instanceof RefusedError && history.error.status === 404;
  const exists = known !== undefined || (touched ? last.exists : history.data?.order != null);
  return (
    <aside
      className={styles.panel}
      aria-labelledby="order-heading"
      onKeyDown={(event) => {
        if (event.key === "Escape" && !event.defaultPrevented) onClose();
      }}
    >
      <header className={styles.header}>
        <h2 id="order-heading" ref={heading} tabIndex={-1}>
          {words.page.order(String(id))}
        </h2>
        {rights.write && order && (
          <IconButton
            label={words.panel.duplicateOrder}
            title={words.panel.duplicate}
            onClick={() => void duplicate()}
          >
            <Copy size={17} aria-hidden />
          </IconButton>
        )}
        {!missing && (
          <IconButton
            label={words.panel.printSlip}
            title={words.panel.printSlip}
            onClick={() => print({ kind: "slip", id })}
          >
            <Printer size={18} aria-hidden />
          </IconButton>
        )}
        <IconButton label={words.panel.close} onClick={onClose}>
          <X size={18} aria-hidden />
        </IconButton>
      </header>
      <div
        className={styles.body}
        tabIndex={0}
        role="region"
        aria-label={words.panel.details(String(id))}
      >
        {missing && <p className={styles.note}>{words.panel.neverWas(String(id))}</p>}
        {order && <OrderFacts order={order} exists={exists} />}
        {order &&
          exists &&
          children.map((child) => (
            <Lines
              key={child.table.name}
              {...{ live, child, order: id }}
              parent={{ row: order, table: schema.table }}
            />
          ))}
        {history.isPending && <p className={styles.note}>{words.panel.loadingHistory}</p>}
        {history.isError && !missing && (
          <p className={styles.note} role="alert">
            {words.panel.historyNotLoaded(messageOf(history.error))}{" "}
            <button type="button" onClick={() => void history.refetch()}>
              {words.do.tryAgain}
            </button>
          </p>
        )}
        {events.length > 0 && <Timeline {...{ events, order, now }} />}
      </div>
    </aside>
  );
}

function OrderFacts({ order, exists }: { order: Order; exists: boolean }) {
  const { writes, showCustomer } = useOrders();
  const schema = useSchema();
  const [technical] = useTechnical();
  const edit = useObservable(writes.edits.state).get(rowId(ORDERS, String(order.id)));
  const shown = withEdit(order, edit);
  const customer = schema.role("customer");
  const name = customer && textIn(shown, customer.name);

  function fact(column: Column): ReactNode {
    const label = schema.label(column.name);
    const isEditable = exists && !isSystem(column);
    const value = <bdi>{formatCell(shown, column.name, column, schema.table)}</bdi>;
    const key = String(order.id);
    return (
      <>
        {isEditable ? (
          <EditableValue table={ORDERS} rowKey={key} row={order} column={column} label={label} />
        ) : (
          value
        )}
        {column === customer && name !== undefined && (
          <IconButton
            className={styles.filter}
            label={words.orders.onlyOfName(visible(name))}
            title={words.orders.onlyOfName(visible(name))}
            onClick={() => showCustomer(name)}
          >
            <ListFilter size={14} aria-hidden />
          </IconButton>
        )}
      </>
    );
  }

  const status = exists ? (
    <StatusMenu
      order={order}
      status={schema.statusOf(shown)}
      saving={shown !== order}
      onChange={(seen, chosen) => void writes.setStatus(seen, chosen)}
    />
  ) : (
    <span className={styles.deleted}>
      {words.panel.whenDeleted(<StatusBadge status={schema.statusOf(order)} />)}
    </span>
  );
  const facts: Record<string, ReactNode> =
    schema.role("status") || !exists ? { [words.orders.status]: status } : {};
  for (const column of panelColumns(schema, technical)) {
    const label = schema.label(column.name);
    facts[label in facts ? column.name : label] = fact(column);
  }
  return (
    <div data-editables>
      <Facts className={styles.facts} facts={facts} />
    </div>
  );
}

const FIRST: readonly (Role | undefined)[] = ["customer", "title", "quantity"];
const LAST = ["created_at", "updated_at", "version"];

/**
 * Returns every column but the status, which is shown above: those with a role, then the owner's, then
 * the system's, of which only technical details include the version.
 */
function panelColumns(schema: OrderSchema, technical: boolean): readonly Column[] {
  const place = ({ name }: Column) => {
    const role = FIRST.indexOf(schema.roleOf(name));
    return role < 0 ? FIRST.length + LAST.indexOf(name) + 1 : role;
  };
  const left = ["id", schema.key, ...(technical ? [] : ["version"])];
  return schema.columns
    .filter(({ name }) => !left.includes(name) && schema.roleOf(name) !== "status")
    .toSorted((a, b) => place(a) - place(b));
}

/**
 * Returns the newest of several copies of an order, from the API, the history and the table. Without
 * versions it is the last one: the table, which follows the stream.
 */
function newest(orders: readonly (Order | null | undefined)[]): Order | null {
  return orders.reduce<Order | null>(
    (best, order) => (order && (!best || versionOf(order) >= versionOf(best)) ? order : best),
    null,
  );
}
