import { afterEach, expect, test, vi } from "vitest";
import { arranged, offeredColumns, shownColumns } from "@/features/orders/model/table-columns";
import { ColumnChoice, TableLayout, USUAL_LAYOUT } from "@/features/orders/model/table-layout";
import { Preferences } from "@/lib/preferences";
import { OrderSchema } from "@/lib/schema";
import { column, SCHEMA, schemaOf, SEED } from "../events";

afterEach(() => vi.unstubAllGlobals());

const SHOP = schemaOf([...SEED, column("store"), column("total", { kind: "number" })]);
const chosen = (...differing: string[]) => ({ ...USUAL_LAYOUT, differing });
const names = (differing: string[] = []) =>
  shownColumns(SHOP, chosen(...differing)).map(({ name }) => name);
const choiceOf = (subject = "") =>
  new ColumnChoice(new Preferences(subject).of("table.orders", TableLayout));

test("at first the table shows the columns that play a part in the page", () => {
  const seed = ["id", "customer_name", "product_name", "quantity", "status", "updated_at"];
  expect(names()).toEqual(seed);
  expect(shownColumns(SCHEMA).map(({ label }) => label)).toEqual([
    "Order",
    "Customer",
    "Product",
    "Quantity",
    "Status",
    "Changed",
  ]);
});

test("the date of creation is shown at first where it is the only one, and in other tables", () => {
  const shown = (columns: readonly string[], table?: string) => {
    const own = schemaOf(columns.map((name) => column(name)));
    const other = new OrderSchema("v1", { ...own.table, name: table ?? own.table.name });
    return shownColumns(other).map(({ name }) => name);
  };
  expect(shown(["id", "status", "created_at"])).toContain("created_at");
  expect(shown(["id", "status", "created_at", "updated_at"])).not.toContain("created_at");
  expect(shown(["id", "status", "created_at", "updated_at"], "returns")).toContain("created_at");
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
  const [first] = shownColumns(own);
  expect(first).toMatchObject({ name: "id", label: "Order", column: { name: "order_no" } });
});

test("of a table without roles the first columns are shown", () => {
  const own = schemaOf(["id", "a", "b", "c", "d", "e", "f"].map((name) => column(name)));
  const shown = (differing: string[]) =>
    shownColumns(own, chosen(...differing)).map(({ name }) => name);
  expect(shown([])).toEqual(["id", "a", "b", "c", "d", "e"]);
  expect(shown(["b", "f"])).toEqual(["id", "a", "c", "d", "e", "f"]);
});

test("I10: a column that was chosen and dropped is no longer shown", () => {
  const shown = shownColumns(SCHEMA, chosen("store")).map(({ name }) => name);
  expect(shown).not.toContain("store");
});

test("the choice is kept for the next visit", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  choiceOf().toggle("store");
  choiceOf().resize("total", 5000);
  expect(choiceOf().layout).toEqual({ differing: ["store"], order: null, widths: { total: 1200 } });
  expect(choiceOf("bea").layout).toEqual(USUAL_LAYOUT);
});

test("columns are moved, one that is not shown and one that comes later included", () => {
  const choice = choiceOf();
  const order = (schema = SHOP) => arranged(schema, choice.layout).map(({ name }) => name);
  choice.move(order(), "status", "customer_name", false);
  choice.move(order(), "store", "updated_at", true);
  expect(order()).toEqual(
    "status customer_name product_name quantity total created_at updated_at store".split(" "),
  );
  choice.move(order(), "status", "nonsense", true);
  expect(order()[0]).toBe("status");
  const later = schemaOf([...SEED, column("store"), column("note"), column("total")]);
  expect(order(later)).toEqual(
    "status customer_name product_name quantity total created_at updated_at store note".split(" "),
  );
});

test("blocked storage forgets the choice but does not break the page", () => {
  vi.stubGlobal("localStorage", {
    getItem: () => {
      throw new DOMException("blocked", "SecurityError");
    },
  });
  const choice = choiceOf();
  for (const each of offeredColumns(SHOP)) choice.toggle(each.name);
  expect(choice.layout.differing.length).toBe(offeredColumns(SHOP).length);
});
