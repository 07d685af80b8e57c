import { expect, test } from "vitest";
import { formatCell } from "@/lib/money";
import { column } from "../events";

const amount = { type: "numeric(12,2)", kind: "number" } as const;
const table = (...columns: ReturnType<typeof column>[]) => ({
  name: "orders",
  key: ["id"],
  parent: null,
  columns,
});
const shown = (row: Record<string, unknown>, ...columns: ReturnType<typeof column>[]) =>
  formatCell(row, "total", columns[0], table(...columns)).replace(/\s/g, " ");

test("I10: a comment names the column of the currency, or the currency of all rows", () => {
  const named = column("total", { ...amount, comment: "With tax; currency: paid_in" });
  const euros = column("total", { ...amount, comment: "currency: EUR" });
  expect(shown({ total: 1299.5, paid_in: "EUR" }, named, column("paid_in"))).toBe("€1,299.50");
  expect(shown({ total: 1299.5, paid_in: "JPY" }, named, column("paid_in"))).toBe("¥1,299.5");
  expect(shown({ total: 12 }, euros)).toBe("€12.00");
});

test("a number beside a choice of currencies is an amount", () => {
  const currency = column("money", { kind: "choice", choices: ["EUR", "USD"] });
  expect(shown({ total: -3.005, money: "USD" }, column("total", amount), currency)).toBe("-$3.005");
});

test("without a currency that is known an amount stays a number", () => {
  const sizes = column("size", { kind: "choice", choices: ["S", "XXL"] });
  expect(shown({ total: 5, size: "XXL" }, column("total", amount), sizes)).toBe("5.00");
  const vague = column("total", { ...amount, comment: "currency: see the contract" });
  expect(shown({ total: 5 }, vague)).toBe("5.00");
  const named = column("total", { ...amount, comment: "currency: paid_in" });
  for (const paid_in of [null, 7, "Taler"]) {
    expect(shown({ total: 5, paid_in }, named, column("paid_in"))).toBe("5.00");
  }
  expect(shown({ total: "NaN", paid_in: "EUR" }, named, column("paid_in"))).toBe("NaN");
  expect(shown({ total: null, paid_in: "EUR" }, named, column("paid_in"))).toBe("–");
});

test("a row without a currency has that of its order, in columns of the same type", () => {
  const paid = column("paid", { ...amount, comment: "currency: paid_in" });
  const parent = { row: { paid_in: "USD" }, table: table(paid, column("paid_in")) };
  const [price, weight] = [
    column("price", amount),
    column("weight", { kind: "number", type: "numeric(8,3)" }),
  ];
  const lines = table(price, weight);
  const cell = (name: string, own = lines) =>
    formatCell(
      { price: 3, weight: 2 },
      name,
      own.columns.find((it) => it.name === name),
      own,
      parent,
    );
  expect([cell("price"), cell("weight")]).toEqual(["$3.00", "2.000"]);
  const other = table(price, column("fee", { ...amount, comment: "currency: EUR" }));
  expect(cell("price", other)).toBe("3.00");
});

test("the digits of a key are not grouped, nor those of the key of the row's order", () => {
  const digits = { type: "bigint", kind: "integer" } as const;
  const columns = ["id", "order_id", "pieces"].map((name) => column(name, digits));
  const lines = {
    ...table(...columns),
    parent: { table: "orders", column: "order_id", key: "id" },
  };
  const row = { id: 123456, order_id: 12345678901234567890n, pieces: 1234 };
  expect(columns.map((each) => formatCell(row, each.name, each, lines))).toEqual([
    "123456",
    "12345678901234567890",
    "1,234",
  ]);
});
