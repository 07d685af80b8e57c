/** Changes per minute and new orders per quarter of an hour. Pure. */
import { type ChangeEvent, ORDERS, type PulsePage, rowsOf } from "@/lib/protocol";
import { textIn } from "@/lib/row";

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
  /** When the bar's period starts (epoch, ms). */
  readonly from: number;
  readonly value: number;
}

export function openPulse(page: PulsePage): Pulse {
  return {
    changes: histogram(page.changes_since, MINUTE_MS, page.changes),
    orders: histogram(page.orders_since, QUARTER_MS, page.orders),
  };
}

export function pulseOn(pulse: Pulse, events: readonly ChangeEvent[]): Pulse {
  const changes = new Map(pulse.changes);
  let orders = new Map(pulse.orders);
  for (const event of events) {
    add(changes, slotOf(event.changed_at, MINUTE_MS), 1);
    if (event.table !== ORDERS) continue;
    if (event.operation === "TRUNCATE") orders = new Map();
    const { before, after } = rowsOf(event);
    const [was, is] = [textIn(before, "created_at"), textIn(after, "created_at")];
    if (was === is) continue;
    if (was !== undefined) add(orders, slotOf(was, QUARTER_MS), -1);
    if (is !== undefined) add(orders, slotOf(is, QUARTER_MS), 1);
  }
  return { changes: newest(changes, MINUTES + 1), orders: newest(orders, QUARTERS_KEPT) };
}

/** The last hour by minute; the last bar is the current minute. */
export function changesByMinute({ changes }: Pulse, now: number): Bar[] {
  const last = Math.floor(now / MINUTE_MS);
  return Array.from({ length: MINUTES }, (_, at) => {
    const minute = last - MINUTES + 1 + at;
    return { from: minute * MINUTE_MS, value: changes.get(minute) ?? 0 };
  });
}

/** The last day by hour of the reader's time zone; the last bar is the current hour. */
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

/** A time that JavaScript cannot represent, such as infinity, is on no chart. */
function add(counts: Map<number, number>, slot: number, by: number): void {
  if (Number.isNaN(slot)) return;
  counts.set(slot, (counts.get(slot) ?? 0) + by);
}

function newest(counts: Map<number, number>, most: number): Histogram {
  if (counts.size <= most) return counts;
  return new Map([...counts].sort(([a], [b]) => a - b).slice(-most));
}
