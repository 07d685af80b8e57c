import { expect, test } from "vitest";
import {
  EVERYTHING,
  type OrderView,
  PLAIN_VIEW,
  toQuery,
  viewFromQuery,
  viewToQuery,
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
  expect(matches({ ...EVERYTHING, status: "shipped", search: "john" }, order(1))).toBe(false);
});

test("a customer is matched by the whole name", () => {
  const customer = (name: string) => matches({ ...EVERYTHING, customer: name }, order(1));
  expect([customer("John Doe"), customer("John"), customer("john doe")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("filter and sorting can be written to the address and read back", () => {
  const view: OrderView = {
    filter: { status: "shipped", customer: "A & Söhne", search: "a&b=c" },
    sort: { column: "quantity", descending: true },
  };
  expect(viewFromQuery(new URLSearchParams(viewToQuery(view).toString()))).toEqual(view);
  expect(viewFromQuery(new URLSearchParams("sort=-"))).toEqual(PLAIN_VIEW);
  expect(viewToQuery(PLAIN_VIEW).toString()).toBe("");
});

test("the request to the API names the schema's columns", () => {
  const filter = { status: "shipped", customer: "Ann", search: "x" } as const;
  expect(toQuery(filter, SCHEMA).toString()).toBe(
    "status.eq=shipped&customer_name.eq=Ann&search=x",
  );
});

test("orders without a status are requested as such", () => {
  expect(toQuery({ ...EVERYTHING, status: "" }, SCHEMA).toString()).toBe("status.is=null");
  expect(matches({ ...EVERYTHING, status: "" }, { ...order(1), status: null })).toBe(true);
});
