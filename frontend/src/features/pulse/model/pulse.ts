/** How lively it is: changes by minute, new orders by quarter of an hour. Pure. */
import type { OrderEvent, PulsePage } from "@/lib/protocol";
import { rowsOf } from "@/lib/rows-of";

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
export const MINUTES = 60;
const HOURS = 24;
const QUARTERS_KEPT = (HOURS + 1) * 4;

/** Numbers by the minute (or quarter) since the epoch. */
type Histogram = ReadonlyMap<number, number>;

export interface Pulse {
  readonly changes: Histogram;
  readonly orders: Histogram;
}

export interface Bar {
  /** When it begins (epoch, ms). */
  readonly from: number;
  readonly value: number;
}

export function openPulse(page: PulsePage): Pulse {
  return {
    changes: histogram(page.changes_since, MINUTE_MS, page.changes),
    orders: histogram(page.orders_since, QUARTER_MS, page.orders),
  };
}

export function pulseOn(pulse: Pulse, events: readonly OrderEvent[]): Pulse {
  const changes = new Map(pulse.changes);
  let orders = new Map(pulse.orders);
  for (const event of events) {
    add(changes, slotOf(event.changed_at, MINUTE_MS), 1);
    if (event.operation === "TRUNCATE") orders = new Map();
    const { before, after } = rowsOf(event);
    if (before?.created_at === after?.created_at) continue;
    if (before?.created_at !== undefined) add(orders, slotOf(before.created_at, QUARTER_MS), -1);
    if (after) add(orders, slotOf(after.created_at, QUARTER_MS), 1);
  }
  return { changes: newest(changes, MINUTES + 1), orders: newest(orders, QUARTERS_KEPT) };
}

/** The last hour, minute by minute; the last minute is the one that runs. */
export function changesByMinute({ changes }: Pulse, now: number): Bar[] {
  const last = Math.floor(now / MINUTE_MS);
  return Array.from({ length: MINUTES }, (_, at) => {
    const minute = last - MINUTES + 1 + at;
    return { from: minute * MINUTE_MS, value: changes.get(minute) ?? 0 };
  });
}

/** The last day, hour by hour of the reader's clock; the last hour is the one that runs. */
export function ordersByHour({ orders }: Pulse, now: number): Bar[] {
  const hour = new Date(now).setMinutes(0, 0, 0);
  return Array.from({ length: HOURS }, (_, at) => {
    const from = hour - (HOURS - 1 - at) * HOUR_MS;
    const quarters = [0, 1, 2, 3].map((quarter) => Math.floor(from / QUARTER_MS) + quarter);
    const value = quarters.reduce((sum, quarter) => sum + (orders.get(quarter) ?? 0), 0);
    return { from, value: Math.max(0, value) };
  });
}

const slotOf = (time: string, slotMs: number): number => Math.floor(Date.parse(time) / slotMs);

function histogram(since: string, slotMs: number, values: readonly number[]): Histogram {
  const first = slotOf(since, slotMs);
  return new Map(values.map((value, at) => [first + at, value]));
}

function add(counts: Map<number, number>, slot: number, by: number): void {
  counts.set(slot, (counts.get(slot) ?? 0) + by);
}

function newest(counts: Map<number, number>, most: number): Histogram {
  if (counts.size <= most) return counts;
  return new Map([...counts].sort(([a], [b]) => a - b).slice(-most));
}
