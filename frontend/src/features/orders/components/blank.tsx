import { CloudOff, type LucideIcon, PackageOpen, Plus, SearchX, Table2 } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/button";
import { useSchema } from "@/lib/use-schema";
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

export function EmptyOrders({ onNewOrder }: { onNewOrder: () => void }) {
  const { rights } = useOrders();
  const schema = useSchema();
  if (!schema.hasOrders) return <NoTable />;
  if (!rights.write) {
    return (
      <Blank icon={PackageOpen} title="No orders yet">
        <p>An order appears here when it is saved.</p>
      </Blank>
    );
  }
  const command = [
    `curl -X POST ${location.origin}/api/orders \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d '${exampleJson(schema)}'`,
  ].join("\n");
  return (
    <Blank icon={PackageOpen} title="No orders yet">
      <p>Create the first one here, or from a terminal. It appears when it is saved.</p>
      <Button kind="primary" onClick={onNewOrder}>
        <Plus size={16} aria-hidden />
        Create the first order
      </Button>
      <pre tabIndex={0} aria-label="Command that creates an order">
        {command}
      </pre>
    </Blank>
  );
}
