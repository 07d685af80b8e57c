import { CloudOff, type LucideIcon, PackageOpen, Plus, SearchX, Table2 } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button } from "@/components/button";
import { formatExact, visible } from "@/lib/format";
import type { OrderSchema } from "@/lib/schema";
import { useSchema } from "@/lib/use-schema";
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

/** Shown where the table has no rows. */
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
    <Blank icon={SearchX} title="No order matches">
      <p>Orders that match later appear here automatically.</p>
      <Button onClick={onClear}>Show all orders</Button>
    </Blank>
  );
}

export function NotLoaded({ problem, onRetry }: { problem: Error; onRetry: () => void }) {
  return (
    <Blank icon={CloudOff} title="Orders cannot be loaded" alert>
      <p>{problem.message} This page keeps trying automatically.</p>
      <Button onClick={onRetry}>Try now</Button>
    </Blank>
  );
}

/** The database has no table of orders; other tables may be watched. */
function NoTable() {
  return (
    <Blank icon={Table2} title="No table is shown here yet">
      <p>
        Choose the table of your database whose rows appear here. Changes of other watched tables
        appear under Activity.
      </p>
      <pre tabIndex={0} aria-label="Command that chooses the table">
        {"orders attach --orders TABLE --status COLUMN --title COLUMN --customer COLUMN"}
      </pre>
    </Blank>
  );
}

const REMOVED = { DELETE: "deleted", TRUNCATE: "removed all at once" } as const;

/** Whether there were orders before, and who removed the last ones. */
function useRemoval(): string | null {
  const [removal, setRemoval] = useState<Removal | null>(null);
  useEffect(() => {
    const leaving = new AbortController();
    lastRemoval(leaving.signal).then(setRemoval, () => undefined); // the page says so elsewhere
    return () => leaving.abort();
  }, []);
  if (!removal) return null;
  const { operation, actor, ended_at } = removal;
  const by = actor === null ? "" : ` by ${visible(actor)}`;
  return `The last ones were ${REMOVED[operation]}${by}, ${formatExact(ended_at)}.`;
}

export function EmptyOrders({ onNewOrder }: { onNewOrder: () => void }) {
  const { rights } = useOrders();
  const schema = useSchema();
  const removal = useRemoval();
  if (!schema.hasOrders) return <NoTable />;
  return (
    <Blank icon={PackageOpen} title={removal ? "There are no orders now" : "No orders yet"}>
      <p>{removal ?? "An order appears here as soon as it is saved."}</p>
      {rights.write && (
        <>
          <Button kind="primary" onClick={onNewOrder}>
            <Plus size={16} aria-hidden />
            {removal ? "New order" : "Create the first order"}
          </Button>
          <details className={styles.more}>
            <summary>Import a file, or write from a program</summary>
            <p>On the computer that runs this system, from CSV, Shopify or WooCommerce:</p>
            <pre tabIndex={0} aria-label="Command that imports orders">
              orders import orders.csv
            </pre>
            <p>From a program:</p>
            <pre tabIndex={0} aria-label="Command that creates an order">
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
