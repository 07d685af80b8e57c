import { afterEach, expect, test, vi } from "vitest";
import { ColumnChoice, offeredColumns, shownColumns } from "@/features/orders/model/table-columns";
import { column, SCHEMA, schemaOf, SEED } from "../events";

afterEach(() => vi.unstubAllGlobals());

const SHOP = schemaOf([...SEED, column("store"), column("total", { kind: "number" })]);
const names = (chosen: Iterable<string> = []) =>
  shownColumns(SHOP, new Set(chosen)).map(({ name }) => name);

test("at first the table shows the columns that play a part in the page", () => {
  const seed = ["id", "customer_name", "product_name", "quantity", "status", "updated_at"];
  expect(names()).toEqual(seed);
  expect(shownColumns(SCHEMA, new Set()).map(({ label }) => label)).toEqual([
    "Order",
    "Customer",
    "Product",
    "Quantity",
    "Status",
    "Changed",
  ]);
});

test("I10: columns of the owner's own can be added, and others removed", () => {
  expect(offeredColumns(SHOP).map(({ name }) => name)).toContain("store");
  expect(names(["store", "quantity"])).toEqual([
    "id",
    "customer_name",
    "product_name",
    "store",
    "status",
    "updated_at",
  ]);
});

test("the key is the first column, whatever its name, and is not offered once more", () => {
  const own = schemaOf(
    [column("order_no", { kind: "integer" }), column("state")],
    "v1",
    "order_no",
  );
  expect(offeredColumns(own).map(({ name }) => name)).toEqual(["state"]);
  const [first] = shownColumns(own, new Set());
  expect(first).toMatchObject({ name: "id", label: "Order", column: { name: "order_no" } });
});

test("of a table without roles the first columns are shown", () => {
  const own = schemaOf(["id", "a", "b", "c", "d", "e", "f"].map((name) => column(name)));
  const shown = (differing: string[]) =>
    shownColumns(own, new Set(differing)).map(({ name }) => name);
  expect(shown([])).toEqual(["id", "a", "b", "c", "d", "e"]);
  expect(shown(["b", "f"])).toEqual(["id", "a", "c", "d", "e", "f"]);
});

test("I10: a column that was chosen and dropped is no longer shown", () => {
  const shown = shownColumns(SCHEMA, new Set(["store"])).map(({ name }) => name);
  expect(shown).not.toContain("store");
});

test("the choice is kept for the next visit", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  const [store] = offeredColumns(SHOP).filter(({ name }) => name === "store");
  if (!store) throw new Error("no column store");
  new ColumnChoice().toggle(store);
  expect([...new ColumnChoice().state.get()]).toEqual(["store"]);
});

test("blocked storage forgets the choice but does not break the page", () => {
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("blocked", "SecurityError");
    },
  });
  const choice = new ColumnChoice();
  for (const each of offeredColumns(SHOP)) choice.toggle(each);
  expect(choice.state.get().size).toBe(offeredColumns(SHOP).length);
});
