/** A new order with its lines, or a new row of any table, as the user types it. Pure. */
import { isRow, type Row } from "real-time-orders";
import type { RowKey } from "@/lib/row";
import { isSystem, type OrderSchema } from "@/lib/schema";
import {
  checkDraft,
  type DraftErrors,
  draftToJson,
  emptyDraft,
  type OrderDraft,
} from "./order-draft";
import { textOf } from "./value-text";

export interface NewOrder {
  readonly values: OrderDraft;
  /** By child table. */
  readonly lines: Readonly<Record<string, readonly OrderDraft[]>>;
  /** The key of the row that was copied; null if the row is not a copy. */
  readonly copyOf: RowKey | null;
}

export const emptyOrder = (schema: OrderSchema): NewOrder => ({
  values: emptyDraft(schema),
  lines: {},
  copyOf: null,
});

/** The columns of a line that the form of a new order has. */
export const lineColumns = (child: OrderSchema) =>
  child.writable.filter(({ name }) => name !== child.table.parent?.column);

/** The name of a line's field, as the API's errors have it. */
export const lineField = (table: string, at: number, column: string): string =>
  `${table}[${at}].${column}`;

export function checkNewOrder({ values, lines }: NewOrder, schema: OrderSchema): DraftErrors {
  const errors = { ...checkDraft(values, schema.writable) };
  for (const child of schema.children) {
    const { name } = child.table;
    (lines[name] ?? []).forEach((line, at) => {
      const found = checkDraft(line, lineColumns(child));
      for (const [column, error] of Object.entries(found)) {
        errors[lineField(name, at, column)] = error;
      }
    });
  }
  return errors;
}

/** Returns the order without the lines into which nothing was typed. */
export function withoutBlankLines(order: NewOrder): NewOrder {
  const isTyped = (line: OrderDraft) => Object.values(line).some((text) => text.trim() !== "");
  const lines = Object.entries(order.lines).map(([table, drafts]) => [
    table,
    drafts.filter(isTyped),
  ]);
  return { ...order, lines: Object.fromEntries(lines) as NewOrder["lines"] };
}

export function newOrderToJson({ values, lines }: NewOrder, schema: OrderSchema): string {
  const members = schema.children.flatMap((child) => {
    const { name } = child.table;
    const drafts = lines[name] ?? [];
    if (drafts.length === 0) return [];
    const rows = drafts.map((line) => draftToJson(line, lineColumns(child)));
    return [`${JSON.stringify(name)}:[${rows.join(",")}]`];
  });
  const own = draftToJson(values, schema.writable).slice(1, -1);
  return `{${[own, ...members].filter((part) => part !== "").join(",")}}`;
}

/**
 * Returns a copy of an order with the usual first status and without the original's keys. `order`
 * contains the lists of its child rows.
 */
export function copyOf(order: Row, id: RowKey, schema: OrderSchema): NewOrder {
  const { key, parent } = schema.table;
  const own = key.filter((name) => name !== parent?.column);
  const status = schema.role("status");
  const columns = schema.writable.filter(
    (column) => column !== status && !own.includes(column.name),
  );
  const lines = schema.children.map((child) => {
    const { name, key } = child.table;
    const own = lineColumns(child).filter(
      (column) => !isSystem(column) && !(key.includes(column.name) && column.default),
    );
    const rows = order[name];
    const drafts = (Array.isArray(rows) ? rows : []).filter(isRow).map((row) => draftOf(row, own));
    return [name, drafts] as const;
  });
  return { values: draftOf(order, columns), lines: Object.fromEntries(lines), copyOf: id };
}

const draftOf = (row: Row, columns: OrderSchema["columns"]): OrderDraft =>
  Object.fromEntries(columns.map((column) => [column.name, textOf(row[column.name], column)]));
