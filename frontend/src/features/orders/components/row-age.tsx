import { CircleAlert, Clock } from "lucide-react";
import { attentionOf, sinceOf } from "real-time-orders";
import { formatAge, formatExact } from "@/lib/format";
import type { Order } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import styles from "./row-age.module.css";

interface RowAgeProps {
  order: Order;
  /** The value of the column; undefined if it is not known. */
  time: string | undefined;
  now: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

function forHowLong(ms: number): string {
  if (!(ms >= MINUTE_MS)) return words.ages.justNow;
  if (ms < HOUR_MS) return words.ages.minutes(Math.floor(ms / MINUTE_MS));
  if (ms < 2 * DAY_MS) return words.ages.hours(Math.floor(ms / HOUR_MS));
  return words.ages.days(Math.floor(ms / DAY_MS));
}

/** Shows how long an order has had its status, and whether that is too long. */
export function RowAge({ order, time, now }: RowAgeProps) {
  const schema = useSchema();
  const status = schema.role("status");
  const since = (status && sinceOf(order, status, schema.table)) ?? time;
  if (since === undefined) return null;
  const level = status ? attentionOf(order, status, schema.table, now) : null;
  const age = (
    <time dateTime={since} title={formatExact(since)}>
      {status?.since ? forHowLong(now - Date.parse(since)) : formatAge(since, now)}
    </time>
  );
  if (level === null) return age;
  const Icon = level === "late" ? CircleAlert : Clock;
  return (
    <span className={styles.age} data-level={level} title={words.attention[level]}>
      <Icon size={14} aria-hidden />
      <span className="visually-hidden">{words.attention[level]}: </span>
      {age}
    </span>
  );
}
