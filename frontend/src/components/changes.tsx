import { ArrowRight } from "lucide-react";
import type { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";
import styles from "./changes.module.css";

const LABELS: Record<string, string> = {
  customer_name: "customer",
  product_name: "product",
  created_at: "created",
};

interface ChangesProps {
  order: Order;
  changed: Readonly<Record<string, unknown>>;
}

/** What an UPDATE changed, from what to what. */
export function Changes({ order, changed }: ChangesProps) {
  const now: Readonly<Record<string, unknown>> = { ...order };
  return (
    <dl className={styles.changes}>
      {Object.entries(changed).map(([column, before]) => (
        <div key={column}>
          <dt>{LABELS[column] ?? column}</dt>
          <dd>
            <del>{wordsFor(before)}</del>
            <ArrowRight size={12} aria-label="to" />
            <ins>{wordsFor(now[column])}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function wordsFor(value: unknown): string {
  return shortened(typeof value === "string" ? value : JSON.stringify(value ?? null));
}
