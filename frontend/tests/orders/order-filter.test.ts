import { expect, test } from "vitest";
import {
  EVERYTHING,
  filterInWords,
  onlyCustomer,
  type OrderView,
  PLAIN_VIEW,
  toQuery,
  viewFromQuery,
  viewToQuery,
  withStatus,
} from "@/features/orders/model/order-filter";
import { matches, order, SCHEMA } from "../events";

const search = (text: string, row = order(42)) => matches({ ...EVERYTHING, search: text }, row);

test.each(["john", "LAP", "42", "#42", "top doe", "pend"])(
  "search finds an order by %j",
  (text) => {
    expect(search(text)).toBe(true);
  },
);

test.each(["4", "#4", "jane", "john jane", "#john"])("search by %j finds another order", (text) => {
  expect(search(text)).toBe(false);
});

test.each([
  ["izmir", "İzmir"],
  ["ΟΔΟΣ", "οδος"],
  ["kafe", "Kafé"],
  ["ﬁsh", "fish"],
])("search by %j finds %j: neither case nor accents matter", (text, customer_name) => {
  expect(search(text, order(1, { customer_name }))).toBe(true);
});

test("status and search must both match", () => {
  const shipped = withStatus({ ...EVERYTHING, search: "john" }, SCHEMA, "shipped");
  expect(matches(shipped, order(1))).toBe(false);
});

test("a customer is matched by the whole name", () => {
  const customer = (name: string) => matches(onlyCustomer(name, SCHEMA), order(1));
  expect([customer("John Doe"), customer("John"), customer("john doe")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("filter and sorting can be written to the address and read back", () => {
  const view: OrderView = {
    filter: {
      conditions: {
        status: ["pending", "shipped", null],
        customer_name: { not: "A & Söhne" },
        quantity: { gte: "2", lt: "10", not: ["5", null] },
        created_at: { gte: "today-6" },
        limit: ["5"],
        "odd.gte": ["6"],
      },
      search: "a&b=c",
    },
    sort: [
      { column: "status", descending: false },
      { column: "quantity", descending: true },
    ],
  };
  const query = viewToQuery(view).toString();
  expect(query).toMatch(/^status=pending&status=shipped&status\.is=null&customer_name\.not=/);
  expect(viewFromQuery(new URLSearchParams(query))).toEqual(view);
  expect(viewFromQuery(new URLSearchParams("sort=-"))).toEqual(PLAIN_VIEW);
  expect(viewToQuery(PLAIN_VIEW).toString()).toBe("");
});

test("the request to the API names the schema's columns", () => {
  const filter = withStatus({ ...onlyCustomer("Ann", SCHEMA), search: "x" }, SCHEMA, "shipped");
  expect(toQuery(filter, SCHEMA).toString()).toBe(
    "customer_name.eq=Ann&status.eq=shipped&search=x",
  );
});

test("I10: a column that the table no longer has sets no condition", () => {
  const filter = { ...EVERYTHING, conditions: { gone: ["x"], quantity: { gte: "2" } } };
  expect(toQuery(filter, SCHEMA).toString()).toBe("quantity.gte=2");
  expect(matches(filter, order(1, { quantity: 3 }))).toBe(true);
});

test("orders without a status are requested as such", () => {
  const without = withStatus(EVERYTHING, SCHEMA, "");
  expect(toQuery(without, SCHEMA).toString()).toBe("status.is=null");
  expect(matches(without, { ...order(1), status: null })).toBe(true);
});

test("a filter in words, as paper has it", () => {
  const conditions = { status: ["pending"], quantity: { gte: "2" }, product_name: { not: "Chai" } };
  const filter = { conditions, search: "ann", attention: "late" } as const;
  expect(filterInWords(filter, SCHEMA)).toEqual([
    "Late",
    "Status: pending",
    "Quantity: from 2",
    "Product is not Chai",
    "contains “ann”",
  ]);
});
