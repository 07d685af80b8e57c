/** Rows and events for tests: the columns that the seed of the database has. */
import type { ChangeEvent } from "../src/messages.ts";
import type { Id, Row } from "../src/row.ts";
import type { Column, Table } from "../src/schema.ts";

export const TIME = "2026-11-22T11:12:52.70211+00:00";

export const column = (name: string, change: Partial<Column> = {}): Column => ({
  name,
  type: "text",
  kind: "text",
  nullable: false,
  writable: true,
  default: false,
  choices: null,
  next: null,
  waiting: null,
  since: null,
  max_length: null,
  comment: null,
  ...change,
});

export const ORDERS_TABLE: Table = {
  name: "orders",
  key: ["id"],
  parent: null,
  columns: [
    column("id", { type: "bigint", kind: "integer" }),
    column("customer_name"),
    column("quantity", { type: "integer", kind: "integer" }),
    column("status", { kind: "choice", choices: ["pending", "shipped"] }),
    column("version", { type: "integer", kind: "integer" }),
  ],
};

export interface SeedOrder extends Row {
  readonly id: Id;
  readonly customer_name: string;
  readonly quantity: number;
  readonly status: string;
  readonly version: number;
}

export const order = (id: Id, change: Partial<SeedOrder> = {}): SeedOrder => ({
  id,
  customer_name: "John Doe",
  quantity: 1,
  status: "pending",
  version: 1,
  ...change,
});

type Keyed = Row & { readonly id: Id };

export const inserted = (position: number, row: Keyed): ChangeEvent =>
  event(position, { operation: "INSERT", order_id: row.id, row });

export const updated = (position: number, row: Keyed, changed: Row = {}): ChangeEvent =>
  event(position, { operation: "UPDATE", order_id: row.id, row, changed });

export const deleted = (position: number, row: Keyed): ChangeEvent =>
  event(position, { operation: "DELETE", order_id: row.id, changed: row });

export const truncated = (position: number): ChangeEvent =>
  event(position, { operation: "TRUNCATE" });

export const event = (position: number, change: Partial<ChangeEvent>): ChangeEvent => ({
  position,
  table: "orders",
  operation: "INSERT",
  order_id: null,
  key: null,
  row: null,
  changed: null,
  actor: null,
  changed_at: TIME,
  ...change,
});

/** An event as the server sends it: the row of an order is in `order`. */
export const sent = ({ row, ...rest }: ChangeEvent): Row => ({ ...rest, order: row });
