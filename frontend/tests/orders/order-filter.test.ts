import { expect, test } from "vitest";
import { EVERYTHING, matches, toQuery } from "@/features/orders/model/order-filter";
import {
  type OrderView,
  PLAIN_VIEW,
  viewFromQuery,
  viewToQuery,
} from "@/features/orders/model/order-view";
import { order } from "../events";

test("search finds part of a name in upper or lower case, or the number", () => {
  const search = (text: string) => matches({ ...EVERYTHING, search: text }, order(42));
  expect([search("john"), search("LAP"), search("42")]).toEqual([true, true, true]);
  expect([search("4"), search("jane")]).toEqual([false, false]);
});

test("status and search must both match", () => {
  expect(matches({ ...EVERYTHING, status: "shipped", search: "john" }, order(1))).toBe(false);
});

test("a customer is the whole name, exactly", () => {
  const customer = (name: string) => matches({ ...EVERYTHING, customer: name }, order(1));
  expect([customer("John Doe"), customer("John"), customer("john doe")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("filter and sorting survive the address, and nonsense in the address is neither", () => {
  const view: OrderView = {
    filter: { status: "shipped", customer: "A & Söhne", search: "a&b=c" },
    sort: { column: "quantity", descending: true },
  };
  expect(viewFromQuery(new URLSearchParams(viewToQuery(view).toString()))).toEqual(view);
  expect(viewFromQuery(new URLSearchParams("status=lost&sort=-colour"))).toEqual(PLAIN_VIEW);
  expect(viewToQuery(PLAIN_VIEW).toString()).toBe("");
});

test("the API is asked by its own names", () => {
  const filter = { status: "shipped", customer: "Ann", search: "x" } as const;
  expect(toQuery(filter).toString()).toBe("customer_name=Ann&search=x&status=shipped");
});
