/** Types and functions for orders in the dashboard. */
import type { ChangeEvent, Id, Row } from "real-time-orders";
import { isId, isRow, keyOf, ORDERS } from "real-time-orders";

/** A row of the table of orders. `id` is its key, whatever the key column is called. */
export type Order = Row & { readonly id: Id };

/** Identifies a row of the page: an order's id, or any key as it stands in the API's paths. */
export type RowKey = Id | string;

export const withId = (row: Row, id: Id): Order =>
  row.id === id ? (row as Order) : { ...row, id };

/** Reads an order; null if the value is not one. `key` is the name of the key column. */
export function readOrder(value: unknown, key = "id"): Order | null {
  if (!isRow(value)) return null;
  const id = value[key];
  return isId(id) ? withId(value, id) : null;
}

/** Returns the event with its rows as orders. */
export function orderEvent(event: ChangeEvent): ChangeEvent {
  const { table, order_id, row, changed, operation } = event;
  if (table !== ORDERS || order_id === null) return event;
  const named = row && withId(row, order_id);
  const old = operation === "DELETE" && changed ? withId(changed, order_id) : changed;
  return named === row && old === changed ? event : { ...event, row: named, changed: old };
}

/**
 * Returns the key of an event's row as it stands in the API's paths; null if the event concerns all
 * rows.
 */
export const keyIn = ({ order_id, key, table, operation }: ChangeEvent): string | null =>
  operation === "TRUNCATE"
    ? null
    : table === ORDERS
      ? String(order_id)
      : key && keyOf(key, Object.keys(key));

/** Returns the id in a text; null if the text is not an id. */
export function idOf(text: string): Id | null {
  if (!/^-?\d{1,19}$/.test(text)) return null;
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

/** Returns a column's value if it is text. */
export const textIn = (row: Row | null | undefined, column: string): string | undefined => {
  const value = row?.[column];
  return typeof value === "string" ? value : undefined;
};
