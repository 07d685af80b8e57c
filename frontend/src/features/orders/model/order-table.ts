/**
 * What the table knows, as a value, and how an event changes it. Pure.
 *
 * The table holds *every* order that matches its filter and has an id of at least `floor`; about
 * older ones it knows nothing until their page is loaded. Ids never change and rows stand in
 * their order, so that this range is exact whatever happens.
 */
import type { Order, OrderEvent, OrdersPage } from "@/lib/protocol";
import { type OrderFilter, matches } from "./order-filter";
import { OrderIndex } from "./order-index";

export interface OrderTable {
  readonly filter: OrderFilter;
  readonly orders: OrderIndex;
  /** Events up to here are in. */
  readonly position: number;
  /** The oldest id that is loaded; minus infinity when all are. */
  readonly floor: number;
  /** Where the next page starts; null when all are loaded. */
  readonly cursor: string | null;
}

export function emptyTable(filter: OrderFilter): OrderTable {
  return { filter, orders: OrderIndex.EMPTY, position: 0, floor: -Infinity, cursor: null };
}

/** The newest page. */
export function openTable(filter: OrderFilter, page: OrdersPage): OrderTable {
  return {
    filter,
    orders: OrderIndex.of(page.orders),
    position: page.position,
    ...endOf(page),
  };
}

/**
 * The next older page. It may show a later moment than the rest; `missed` are the events that have
 * come since it was asked for, when the table stood at `askedAt`. Whatever of them the page already
 * shows, versions tell; what is older than the table belongs to rows that are gone.
 */
export function extendTable(
  table: OrderTable,
  page: OrdersPage,
  missed: readonly OrderEvent[] = [],
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

/** Another filter, at once: what is known and matches. Its first page replaces this. */
export function refilterTable(table: OrderTable, filter: OrderFilter): OrderTable {
  const orders = [...table.orders].filter((order) => matches(filter, order));
  return { ...table, filter, orders: OrderIndex.of(orders), cursor: null };
}

export function applyEvent(table: OrderTable, event: OrderEvent): OrderTable {
  return applyEvents(table, [event]);
}

/** Like `applyEvent` for each, at the cost of one. */
export function applyEvents(table: OrderTable, events: readonly OrderEvent[]): OrderTable {
  let { orders, position, floor, cursor } = table;
  const changes = new Map<number, Order | null>();
  for (const event of events) {
    if (event.position <= position) continue; // it came twice
    position = event.position;
    if (event.operation === "TRUNCATE") {
      orders = OrderIndex.EMPTY;
      floor = -Infinity; // nothing is left that might not be loaded
      cursor = null;
      changes.clear();
    } else if (event.order_id !== null && event.order_id >= floor) {
      const id = event.order_id;
      const known = changes.has(id) ? (changes.get(id) ?? undefined) : orders.get(id);
      const next = decide(table.filter, event, known);
      if (next !== undefined) changes.set(id, next);
    }
  }
  if (position === table.position) return table;
  return { ...table, orders: orders.with(changes), position, floor, cursor };
}

/** What becomes of the order: another row, none (null), or what it was (undefined). */
function decide(
  filter: OrderFilter,
  { order }: OrderEvent,
  known: Order | undefined,
): Order | null | undefined {
  if (order === null) return known ? null : undefined; // DELETE, LEAVE
  // The snapshot had it; unless the id is another order's by now, which begins at version 1 again.
  if (known?.created_at === order.created_at && order.version <= known.version) return undefined;
  if (matches(filter, order)) return order;
  return known ? null : undefined;
}

function endOf(page: OrdersPage): Pick<OrderTable, "floor" | "cursor"> {
  const last = page.orders.at(-1);
  if (page.next_cursor === null || !last) return { floor: -Infinity, cursor: null };
  return { floor: last.id, cursor: page.next_cursor };
}
