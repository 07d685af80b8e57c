import { CircleAlert, Clock } from "lucide-react";
import { attentionOf, sinceOf } from "real-time-orders";
import { Age } from "@/components/age";
import type { Order } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import styles from "./row-age.module.css";

interface RowAgeProps {
  order: Order;
  /** The value of the column; undefined: it is not known. */
  time: string | undefined;
  now: number;
}

const WORDS = { warn: "Needs attention", late: "Late" } as const;

/** For how long an order has had its status, and whether that is too long. */
export function RowAge({ order, time, now }: RowAgeProps) {
  const schema = useSchema();
  const status = schema.role("status");
  const since = (status && sinceOf(order, status, schema.table)) ?? time;
  if (since === undefined) return null;
  const level = status ? attentionOf(order, status, schema.table, now) : null;
  if (level === null) return <Age time={since} now={now} />;
  const Icon = level === "late" ? CircleAlert : Clock;
  return (
    <span className={styles.age} data-level={level} title={WORDS[level]}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{WORDS[level]}: </span>
      <Age time={since} now={now} />
    </span>
  );
}
