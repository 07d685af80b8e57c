/** Orders, events and a schema for tests: the columns that the seed of the database has. */
import type { ChangeEvent, Column, Id, Row } from "real-time-orders";
import { matcherOf, type OrderFilter } from "@/features/orders/model/order-filter";
import type { Order } from "@/lib/row";
import { OrderSchema } from "@/lib/schema";

const TIME = "2026-11-22T11:12:52.70211+00:00";
export const STATUSES = ["pending", "processing", "shipped", "delivered", "cancelled"] as const;

export interface SeedOrder extends Row {
  readonly id: Id;
  readonly customer_name: string;
  readonly product_name: string;
  readonly quantity: number;
  readonly status: string;
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export function column(name: string, change: Partial<Column> = {}): Column {
  return {
    name,
    type: "text",
    kind: "text",
    nullable: false,
    writable: true,
    default: false,
    choices: null,
    next: null,
    max_length: null,
    comment: null,
    ...change,
  };
}

const system = (name: string, change: Partial<Column>) =>
  column(name, { writable: false, default: true, ...change });

export const SEED: readonly Column[] = [
  system("id", { type: "bigint", kind: "integer" }),
  column("customer_name", { max_length: 200 }),
  column("product_name", { max_length: 200 }),
  column("quantity", { type: "integer", kind: "integer", default: true }),
  column("status", {
    kind: "choice",
    default: true,
    choices: [...STATUSES],
    next: {
      pending: ["processing", "cancelled"],
      processing: ["shipped", "pending", "cancelled"],
      shipped: ["delivered", "processing"],
      cancelled: ["pending"],
    },
  }),
  system("version", { type: "integer", kind: "integer" }),
  system("created_at", { type: "timestamp with time zone", kind: "timestamp" }),
  system("updated_at", { type: "timestamp with time zone", kind: "timestamp" }),
];

export const schemaOf = (columns: readonly Column[], version = "v1", key = "id"): OrderSchema =>
  new OrderSchema(version, { name: "orders", key: [key], parent: null, columns });

export const SCHEMA = schemaOf(SEED);

export const matches = (filter: OrderFilter, row: Row): boolean => matcherOf(filter, SCHEMA)(row);

export function order(id: Id, change: Partial<SeedOrder> = {}): SeedOrder {
  return {
    id,
    customer_name: "John Doe",
    product_name: "Laptop",
    quantity: 1,
    status: "pending",
    version: 1,
    created_at: TIME,
    updated_at: TIME,
    ...change,
  };
}

export const inserted = (position: number, row: Order): ChangeEvent =>
  event(position, { operation: "INSERT", order_id: row.id, row });

export const updated = (position: number, row: Order, changed: Row = {}): ChangeEvent =>
  event(position, { operation: "UPDATE", order_id: row.id, row, changed });

export const deleted = (position: number, row: Order): ChangeEvent =>
  event(position, { operation: "DELETE", order_id: row.id, changed: row });

export const truncated = (position: number): ChangeEvent =>
  event(position, { operation: "TRUNCATE" });

export function event(position: number, change: Partial<ChangeEvent>): ChangeEvent {
  return {
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
  };
}
