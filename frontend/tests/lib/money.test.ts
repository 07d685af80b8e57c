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
