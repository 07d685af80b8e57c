/**
 * The table's state as a value, and how events change it. Pure.
 *
 * The table holds *every* order that matches its filter and has an id of at least `floor`; it knows
 * nothing about older ones until their page is loaded. Ids never change and order the pages, so this
 * range stays exact whatever happens.
 */
import { type ChangeEvent, type Id, versionOf } from "real-time-orders";
import type { OrdersPage } from "@/lib/protocol";
import { type Order } from "@/lib/row";
import type { Matcher, OrderFilter } from "./order-filter";
import { OrderIndex } from "./order-index";

export interface OrderTable {
  readonly filter: OrderFilter;
  /** Decides whether an order belongs to the table. */
  readonly matches: Matcher;
  readonly orders: OrderIndex;
  /** Events up to this position are applied. */
  readonly position: number;
  /** The oldest loaded id; minus infinity when all orders are loaded. */
  readonly floor: Id;
  /** Where the next page starts; null when all orders are loaded. */
  readonly cursor: string | null;
}

export function emptyTable(filter: OrderFilter, matches: Matcher): OrderTable {
  const orders = OrderIndex.EMPTY;
  return { filter, matches, orders, position: 0, floor: -Infinity, cursor: null };
}

/** A table of the newest page. */
export function openTable(filter: OrderFilter, matches: Matcher, page: OrdersPage): OrderTable {
  const orders = OrderIndex.of(page.orders);
  return { filter, matches, orders, position: page.position, ...endOf(page) };
}

/**
 * Append the next older page. It may show a later moment than the table; `missed` are the events
 * since it was requested, when the table was at position `askedAt`. Versions tell which of them the
 * page already shows; an event older than the table concerns a row that is gone.
 */
export function extendTable(
  table: OrderTable,
  page: OrdersPage,
  missed: readonly ChangeEvent[] = [],
  askedAt = table.position,
): OrderTable {
  const end = endOf(page);
  const older = page.orders.filter((order) => order.id < table.floor);
  const part = applyEvents(
    { ...table, ...end, orders: OrderIndex.of(older), position: askedAt },
    missed.filter(({ order_id }) => order_id !== null && order_id < table.floor),
  );
  const added = new Map(Array.from(part.orders, (order) => [order.id, order]));
  return { ...table, ...end, orders: table.orders.with(added) };
}

/** Apply another filter to the known orders at once; its first page replaces the result. */
export function refilterTable(
  table: OrderTable,
  filter: OrderFilter,
  matches: Matcher,
): OrderTable {
  const orders = OrderIndex.of([...table.orders].filter(matches));
  return { ...table, filter, matches, orders, cursor: null };
}

export function applyEvents(table: OrderTable, events: readonly ChangeEvent[]): OrderTable {
  let { orders, position, floor, cursor } = table;
  const changes = new Map<Id, Order | null>();
  for (const event of events) {
    if (event.position <= position) continue; // delivered twice
    position = event.position;
    if (event.operation === "TRUNCATE") {
      orders = OrderIndex.EMPTY;
      floor = -Infinity; // no order is left that might not be loaded
      cursor = null;
      changes.clear();
    } else if (event.order_id !== null && event.order_id >= floor) {
      const id = event.order_id;
      const known = changes.has(id) ? (changes.get(id) ?? undefined) : orders.get(id);
      const next = decide(table.matches, event.row as Order | null, known);
      if (next !== undefined) changes.set(id, next);
    }
  }
  if (position === table.position) return table;
  return { ...table, orders: orders.with(changes), position, floor, cursor };
}

/** The result of an event for an order: the new row, no row (null), or no change (undefined). */
function decide(
  matches: Matcher,
  order: Order | null,
  known: Order | undefined,
): Order | null | undefined {
  if (order === null) return known ? null : undefined; // DELETE, LEAVE
  if (known && isShown(order, known)) return undefined;
  if (matches(order)) return order;
  return known ? null : undefined;
}

/** Whether the snapshot has the row already. A reused id is another order, with version 1 again. */
const isShown = (order: Order, known: Order): boolean =>
  known.created_at === order.created_at &&
  versionOf(order) > 0 &&
  versionOf(order) <= versionOf(known);

function endOf(page: OrdersPage): Pick<OrderTable, "floor" | "cursor"> {
  const last = page.orders.at(-1);
  if (page.next_cursor === null || !last) return { floor: -Infinity, cursor: null };
  return { floor: last.id, cursor: page.next_cursor };
}
