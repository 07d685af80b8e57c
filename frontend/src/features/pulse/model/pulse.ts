/** Counts changes per minute and second, and new orders per minute. Pure. */
import { type ChangeEvent, ORDERS, rowsOf } from "real-time-orders";
import { type PulsePage } from "@/lib/protocol";
import { textIn } from "@/lib/row";

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const MINUTES = 60;
const SECONDS = 60;
const HOURS = 24;
const DAY_MINUTES = HOURS * 60;
/** The first hour of a chart may begin up to an hour before the last 24 hours do. */
const ORDER_MINUTES = DAY_MINUTES + 60;

/** Numbers by minute (or second) since the epoch. */
type Histogram = ReadonlyMap<number, number>;

export interface Pulse {
  readonly changes: Histogram;
  /** The changes of the last minute by second. */
  readonly recent: Histogram;
  readonly orders: Histogram;
}

export interface Bar {
  /** When the bar's period starts (epoch, ms). */
  readonly from: number;
  readonly value: number;
}

export function openPulse(page: PulsePage): Pulse {
  return {
    changes: histogram(page.changes_since, MINUTE_MS, page.changes),
    recent: histogram(page.recent_since, SECOND_MS, page.recent),
    orders: histogram(page.orders_since, MINUTE_MS, page.orders),
  };
}

export function pulseOn(pulse: Pulse, events: readonly ChangeEvent[]): Pulse {
  const changes = new Map(pulse.changes);
  const recent = new Map(pulse.recent);
  let orders = new Map(pulse.orders);
  for (const event of events) {
    add(changes, slotOf(event.changed_at, MINUTE_MS), 1);
    add(recent, slotOf(event.changed_at, SECOND_MS), 1);
    if (event.table !== ORDERS) continue;
    if (event.operation === "TRUNCATE") orders = new Map();
    const { before, after } = rowsOf(event);
    const [was, is] = [textIn(before, "created_at"), textIn(after, "created_at")];
    if (was === is) continue;
    if (was !== undefined) add(orders, slotOf(was, MINUTE_MS), -1);
    if (is !== undefined) add(orders, slotOf(is, MINUTE_MS), 1);
  }
  return {
    changes: newest(changes, MINUTES + 1),
    recent: newest(recent, SECONDS + 1),
    orders: newest(orders, ORDER_MINUTES + 1),
  };
}

/**
 * Returns the last hour in bars: complete minutes, then the last sixty seconds. The current minute is
 * left out because its number would still grow.
 */
export function changesByMinute(pulse: Pulse, now: number): Bar[] {
  const current = Math.floor(now / MINUTE_MS);
  const minutes = Array.from({ length: MINUTES - 1 }, (_, at) => {
    const minute = current - MINUTES + 1 + at;
    return { from: minute * MINUTE_MS, value: pulse.changes.get(minute) ?? 0 };
  });
  return [...minutes, { from: now, value: changesInLastMinute(pulse, now) }];
}

export const changesInLastMinute = ({ recent }: Pulse, now: number): number =>
  sum(recent, Math.floor(now / SECOND_MS) - SECONDS + 1, SECONDS);

/** Returns the last day by hour of the reader's time zone. The last bar is the current hour. */
export function ordersByHour({ orders }: Pulse, now: number): Bar[] {
  const hour = new Date(now).setMinutes(0, 0, 0);
  return Array.from({ length: HOURS }, (_, at) => {
    const from = hour - (HOURS - 1 - at) * HOUR_MS;
    return { from, value: Math.max(0, sum(orders, Math.floor(from / MINUTE_MS), 60)) };
  });
}

export const ordersInLastDay = ({ orders }: Pulse, now: number): number =>
  Math.max(0, sum(orders, Math.floor(now / MINUTE_MS) - DAY_MINUTES + 1, DAY_MINUTES));

function sum(counts: Histogram, first: number, length: number): number {
  let total = 0;
  for (let slot = first; slot < first + length; slot += 1) total += counts.get(slot) ?? 0;
  return total;
}

const slotOf = (time: string, slotMs: number): number => Math.floor(Date.parse(time) / slotMs);

function histogram(since: string, slotMs: number, values: readonly number[]): Histogram {
  const first = slotOf(since, slotMs);
  return new Map(values.map((value, at) => [first + at, value]));
}

/** Adds to a count. Ignores times that JavaScript cannot represent, such as infinity. */
function add(counts: Map<number, number>, slot: number, by: number): void {
  if (Number.isNaN(slot)) return;
  counts.set(slot, (counts.get(slot) ?? 0) + by);
}

function newest(counts: Map<number, number>, most: number): Histogram {
  if (counts.size <= most) return counts;
  return new Map([...counts].sort(([a], [b]) => a - b).slice(-most));
}
