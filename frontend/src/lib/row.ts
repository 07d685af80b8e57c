/** Orders as the dashboard knows them. */
import type { ChangeEvent, Id, Row } from "real-time-orders";
import { isId, isRow, keyOf, ORDERS } from "real-time-orders";

/** A row of the table of orders. `id` is its key, whatever that column is called. */
export type Order = Row & { readonly id: Id };

/** What identifies a row of the page: an order's id, or any key as the API's paths have it. */
export type RowKey = Id | string;

export const withId = (row: Row, id: Id): Order =>
  row.id === id ? (row as Order) : { ...row, id };

/** `key` is the column that identifies an order. */
export function readOrder(value: unknown, key = "id"): Order | null {
  if (!isRow(value)) return null;
  const id = value[key];
  return isId(id) ? withId(value, id) : null;
}

/** An event whose rows are orders. */
export function orderEvent(event: ChangeEvent): ChangeEvent {
  const { table, order_id, row, changed, operation } = event;
  if (table !== ORDERS || order_id === null) return event;
  const named = row && withId(row, order_id);
  const old = operation === "DELETE" && changed ? withId(changed, order_id) : changed;
  return named === row && old === changed ? event : { ...event, row: named, changed: old };
}

/** The key of an event's row, as the API's paths have it; null where the event is of all rows. */
export const keyIn = ({ order_id, key, table, operation }: ChangeEvent): string | null =>
  operation === "TRUNCATE"
    ? null
    : table === ORDERS
      ? String(order_id)
      : key && keyOf(key, Object.keys(key));

/** The id that a text names; null if it names none. */
export function idOf(text: string): Id | null {
  if (!/^-?\d{1,19}$/.test(text)) return null;
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

/** A column's value if it is text. */
export const textIn = (row: Row | null | undefined, column: string): string | undefined => {
  const value = row?.[column];
  return typeof value === "string" ? value : undefined;
};
