import { CloudOff, type LucideIcon, PackageOpen, Plus, SearchX, Table2 } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "@/components/button";
import { formatExact, messageOf, visible } from "@/lib/format";
import type { OrderSchema } from "@/lib/schema";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { lastRemoval, type Removal } from "../api/orders";
import { exampleJson } from "../model/order-draft";
import styles from "./blank.module.css";
import { useOrders } from "./orders-context";

interface BlankProps {
  icon: LucideIcon;
  title: string;
  alert?: boolean;
  children: ReactNode;
}

/** A message in place of the table's rows when there are none. */
function Blank({ icon: Icon, title, alert = false, children }: BlankProps) {
  return (
    <div className={styles.blank} role={alert ? "alert" : undefined}>
      <Icon size={32} strokeWidth={1.5} aria-hidden />
      <h3>{title}</h3>
      {children}
    </div>
  );
}

export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <Blank icon={SearchX} title={words.orders.none}>
      <p>{words.orders.laterAppear}</p>
      <Button onClick={onClear}>{words.orders.showAll}</Button>
    </Blank>
  );
}

export function NotLoaded({ problem, onRetry }: { problem: Error; onRetry: () => void }) {
  return (
    <Blank icon={CloudOff} title={words.orders.notLoaded} alert>
      <p>{words.orders.keepsTrying(messageOf(problem))}</p>
      <Button onClick={onRetry}>{words.orders.tryNow}</Button>
    </Blank>
  );
}

/** Shown if the database has no table of orders. Other tables may be watched. */
function NoTable() {
  return (
    <Blank icon={Table2} title={words.orders.noTable}>
      <p>{words.orders.chooseTable}</p>
      <pre tabIndex={0} aria-label={words.orders.chooseCommand}>
        {"orders attach --orders TABLE --status COLUMN --title COLUMN --customer COLUMN"}
      </pre>
    </Blank>
  );
}

/**
 * Returns a text that says who removed the last orders and when; null if the log has no such removal.
 */
function useRemoval(): string | null {
  const [removal, setRemoval] = useState<Removal | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    lastRemoval(leaving.signal).then(setRemoval, () => undefined); // the page shows errors elsewhere
    return () => leaving.abort();
  }, []);
  if (!removal) return null;
  const { operation, actor, ended_at } = removal;
  const by = actor === null ? null : visible(actor);
  return words.orders.removed[operation](by, formatExact(ended_at));
}

export function EmptyOrders({ onNewOrder }: { onNewOrder: () => void }) {
  const { rights } = useOrders();
  const schema = useSchema();
  const removal = useRemoval();
  if (!schema.hasOrders) return <NoTable />;
  return (
    <Blank icon={PackageOpen} title={removal ? words.orders.noneNow : words.orders.noneYet}>
      <p>{removal ?? words.orders.asSoonAs}</p>
      {rights.write && (
        <>
          <Button kind="primary" onClick={onNewOrder}>
            <Plus size={16} aria-hidden />
            {removal ? words.page.newOrder : words.orders.createFirst}
          </Button>
          <details className={styles.more}>
            <summary>{words.orders.importOrWrite}</summary>
            <p>{words.orders.importFrom}</p>
            <pre tabIndex={0} aria-label={words.orders.importCommand}>
              {"orders import orders.csv"}
            </pre>
            <p>{words.orders.fromProgram}</p>
            <pre tabIndex={0} aria-label={words.orders.createCommand}>
              {commandFor(schema)}
            </pre>
          </details>
        </>
      )}
    </Blank>
  );
}

const commandFor = (schema: OrderSchema): string =>
  [
    `curl -X POST ${location.origin}/api/orders \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${exampleJson(schema)}'`,
  ].join("\n");
