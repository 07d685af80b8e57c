import { expect, test } from "vitest";
import { parseJson, type Row, toJson } from "real-time-orders";
import { sumOf, summedColumns } from "@/features/orders/model/totals";
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

test("I10: counts and amounts are summed, and amounts that the database computes instead of prices", () => {
  const names = (schema: OrderSchema) => summedColumns(schema).map(({ name }) => name);
  expect(names(lines())).toEqual(["pieces", "price"]);
  expect(names(lines(column("amount", { ...number, writable: false })))).toEqual([
    "pieces",
    "amount",
  ]);
});
