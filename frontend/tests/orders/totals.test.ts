import { expect, test } from "vitest";
import { parseJson, type Row, toJson } from "real-time-orders";
import { sumOf, summedColumns, totalOf } from "@/features/orders/model/totals";
import { OrderSchema } from "@/lib/schema";
import { column } from "../events";

const amounts = (...texts: string[]) => texts.map((text) => parseJson(`{"net":${text}}`) as Row);

test.each([
  [["0.1", "0.2"], "0.3"],
  [["9007199254740993", "0.01"], "9007199254740993.01"],
  [["-2.5", "1.25", "null"], "-1.25"],
  [["-0.05"], "-0.05"],
  [[], "0"],
  [['"NaN"', "1"], "null"],
])("the sum of %j is %s", (texts, sum) => {
  expect(toJson(sumOf(amounts(...texts), "net"))).toBe(sum);
});

const number = { kind: "number", type: "numeric(12,2)" } as const;
const lines = (...more: ReturnType<typeof column>[]) =>
  new OrderSchema("v1", {
    name: "order_lines",
    key: ["id"],
    parent: { table: "orders", column: "order_id" },
    columns: [
      column("id", { kind: "integer", type: "integer" }),
      column("order_id", { kind: "integer", type: "integer" }),
      column("product_id", { kind: "integer", type: "bigint" }),
      column("pieces", { kind: "integer", type: "integer" }),
      column("price", number),
      column("version", { kind: "integer", type: "integer" }),
      ...more,
    ],
  });

const payments = new OrderSchema("v1", {
  name: "payments",
  key: ["id"],
  parent: null,
  columns: [
    column("id", { kind: "integer", type: "integer" }),
    column("amount", number),
    column("paid_in", { kind: "choice", choices: ["EUR", "USD"] }),
  ],
});

test("I10: counts and amounts that the database computes are summed, others only without these", () => {
  const names = (schema: OrderSchema) => summedColumns(schema).map(({ name }) => name);
  expect(names(lines())).toEqual(["pieces"]);
  expect(names(lines(column("amount", { ...number, writable: false })))).toEqual([
    "pieces",
    "amount",
  ]);
  expect(names(payments)).toEqual(["amount"]);
});

test("amounts of one currency are summed with it, of several not at all", () => {
  const [, amount] = payments.columns;
  const paid = (...codes: string[]) =>
    amount &&
    totalOf(
      codes.map((code) => ({ amount: 1.5, paid_in: code })),
      amount,
      payments.table,
    );
  expect(paid("EUR", "EUR")).toBe("€3.00");
  expect(paid("EUR", "USD")).toBeNull();
});
