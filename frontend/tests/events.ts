/** Orders, events and a schema for tests: the columns that the seed of the database has. */
import { type Column, type Id, keyOf, type Row, versionOf } from "real-time-orders";
import { matcherOf, type OrderFilter } from "@/features/orders/model/order-filter";
import type { WritesApi } from "@/features/orders/model/order-writes";
import { OrderSchema } from "@/lib/schema";
import { column, TIME } from "../../packages/client-js/tests/events";

export {
  column,
  deleted,
  event,
  inserted,
  truncated,
  updated,
} from "../../packages/client-js/tests/events";

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

/** Writes many rows by the requests for one. */
export const eachBy = (api: Pick<WritesApi, "changeRow" | "deleteRow">): WritesApi["writeRows"] =>
  async function* (table, key, rows, { leaving = false, signal }) {
    for (const wanted of rows) {
      if (signal?.aborted) return;
      const { seen, change } = wanted;
      const name = keyOf(seen, key);
      const write = change
        ? api.changeRow(table, name, seen, change).then(versionOf)
        : api.deleteRow(table, name, seen, leaving).then(() => 0);
      yield [
        await write.then(
          (version) => ({ wanted, version, error: null }),
          (error: unknown) => ({ wanted, version: 0, error: error as Error }),
        ),
      ];
    }
  };
