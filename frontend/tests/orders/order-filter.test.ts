import { expect, test } from "vitest";
import { EVERYTHING, fromQuery, matches, toQuery } from "@/features/orders/model/order-filter";
import { order } from "../events";

test("search finds part of a name in upper or lower case, or the number", () => {
  const search = (text: string) => matches({ status: null, search: text }, order(42));
  expect([search("john"), search("LAP"), search("42")]).toEqual([true, true, true]);
  expect([search("4"), search("jane")]).toEqual([false, false]);
});

test("status and search must both match", () => {
  expect(matches({ status: "shipped", search: "john" }, order(1))).toBe(false);
});

test("a filter survives the address, and nonsense in the address is no filter", () => {
  const filter = { status: "shipped", search: "a&b=c" } as const;
  expect(fromQuery(new URLSearchParams(toQuery(filter).toString()))).toEqual(filter);
  expect(fromQuery(new URLSearchParams("status=lost"))).toEqual(EVERYTHING);
});
