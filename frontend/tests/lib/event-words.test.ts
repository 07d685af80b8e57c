import { expect, test } from "vitest";
import type { Row } from "real-time-orders";
import { nounOf, pluralOf, wordsOf } from "@/lib/event-words";
import { OrderSchema } from "@/lib/schema";
import { column, deleted, event, inserted, order, SEED, updated } from "../events";

const lines = {
  name: "order_lines",
  key: ["id"],
  parent: { table: "orders", column: "order_id" },
  columns: [
    column("id", { kind: "integer", writable: false }),
    column("order_id", { kind: "integer" }),
    column("product_name"),
    column("quantity", { kind: "integer" }),
    column("unit_price", { type: "numeric(12,2)", kind: "number" }),
  ],
};
const payments = {
  name: "payments",
  key: ["id"],
  parent: { table: "orders", column: "order_id" },
  columns: [
    column("id", { kind: "uuid" }),
    column("order_id", { kind: "integer" }),
    column("amount", { type: "numeric(12,2)", kind: "number" }),
    column("method", { kind: "choice", choices: ["card", "invoice"] }),
  ],
};
const orders = { name: "orders", key: ["id"], parent: null, columns: SEED };
const schema = OrderSchema.of({ version: "v1", tables: [orders, lines, payments] });

const ofChild = (
  table: string,
  operation: "INSERT" | "UPDATE" | "DELETE",
  row: Row,
  changed?: Row,
) =>
  event(7, {
    table,
    operation,
    order_id: 1,
    key: { id: 3 },
    row: operation === "DELETE" ? null : row,
    changed: operation === "DELETE" ? row : (changed ?? null),
  });

test("amounts have their currency, before and after", () => {
  const priced = OrderSchema.of({
    version: "v1",
    tables: [
      {
        ...orders,
        columns: [
          ...SEED,
          column("total", { type: "numeric(12,2)", kind: "number" }),
          column("paid_in", { kind: "choice", choices: ["EUR", "USD"] }),
        ],
      },
    ],
  });
  const after = { ...order(1), total: 2.5, paid_in: "USD" };
  expect(wordsOf(updated(1, after, { total: 2, paid_in: "EUR" }), priced).changes).toEqual([
    { label: "total", from: "€2.00", to: "$2.50" },
    { label: "paid in", from: "EUR", to: "USD" },
  ]);
});

test("amounts of a line have the currency of its order, where that is known", () => {
  const columns = [
    ...SEED,
    column("total", { type: "numeric(12,2)", kind: "number" }),
    column("paid_in", { kind: "choice", choices: ["EUR", "USD"] }),
  ];
  const priced = OrderSchema.of({ version: "v1", tables: [{ ...orders, columns }, lines] });
  const line = { id: 3, order_id: 1, product_name: "Tea", quantity: 2, unit_price: 2.5 };
  const changed = ofChild("order_lines", "UPDATE", line, { unit_price: 2 });
  const change = (row: Row | null) => {
    const { changes, about } = wordsOf(changed, priced, row);
    return [changes[0]?.from, changes[0]?.to, about];
  };
  expect(change({ paid_in: "USD" })).toEqual(["$2.00", "$2.50", "2 × Tea, unit price $2.50"]);
  expect(change(null)).toEqual(["2.00", "2.50", "2 × Tea, unit price 2.50"]);
});

test("a change of the status is a move, other columns are named with both values", () => {
  const moved = updated(1, order(1, { status: "shipped", quantity: 6 }), {
    status: "processing",
    quantity: 4,
  });
  expect(wordsOf(moved, schema)).toMatchObject({
    did: "moved",
    status: "shipped",
    was: "processing",
    changes: [{ label: "quantity", from: "4", to: "6" }],
    noun: null,
  });
});

test("a value that was set, or taken away, has one side only", () => {
  const set = updated(1, order(1, { note: "soon", due_at: null }), { note: null, due_at: "x" });
  expect(wordsOf(set, schema).changes).toEqual([
    { label: "note", from: null, to: "soon" },
    { label: "due at", from: "x", to: null },
  ]);
});

test("orders are told with title and customer", () => {
  const tea = order(1, { quantity: 2, product_name: "Tea", customer_name: "Ann" });
  expect(wordsOf(inserted(1, tea), schema)).toMatchObject({
    did: "created",
    about: "2 × Tea for Ann",
  });
  expect(wordsOf(deleted(1, tea), schema)).toMatchObject({
    did: "deleted",
    about: "2 × Tea for Ann",
  });
});

test("lines of an order are added, changed and removed", () => {
  const tea = { id: 3, order_id: 1, product_name: "Tea", quantity: 2, unit_price: null };
  expect(wordsOf(ofChild("order_lines", "INSERT", tea), schema)).toMatchObject({
    noun: "line",
    did: "added",
    about: "2 × Tea",
  });
  expect(wordsOf(ofChild("order_lines", "UPDATE", tea, { quantity: 1 }), schema)).toMatchObject({
    did: "changed",
    changes: [{ label: "quantity", from: "1", to: "2" }],
  });
  expect(wordsOf(ofChild("order_lines", "DELETE", tea), schema)).toMatchObject({
    did: "removed",
    about: "2 × Tea",
  });
});

test("rows of any other table are told by their first values", () => {
  const paid = { id: "u", order_id: 1, amount: 25, method: "card" };
  expect(wordsOf(ofChild("payments", "INSERT", paid), schema)).toMatchObject({
    noun: "payment",
    about: "card, amount 25.00",
  });
  const unknown = ofChild("forgotten", "UPDATE", { a_b: 2 }, { a_b: 1 });
  expect(wordsOf(unknown, schema)).toMatchObject({
    noun: "forgotten",
    about: "",
    changes: [{ label: "a b", from: "1", to: "2" }],
  });
});

test("tables are named as words", () => {
  expect(["orders", "order_lines", "sales.sales_line", "order"].map(pluralOf)).toEqual([
    "orders",
    "lines",
    "sales line",
    "order",
  ]);
  expect(
    ["order_lines", "deliveries", "addresses", "boxes", "status", "notes", "bus"].map(nounOf),
  ).toEqual(["line", "delivery", "address", "box", "status", "note", "bus"]);
});
