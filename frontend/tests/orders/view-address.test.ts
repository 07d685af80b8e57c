import { expect, test } from "vitest";
import {
  onlyCustomer,
  PLAIN_VIEW,
  viewFromQuery,
  withStatus,
} from "@/features/orders/model/order-filter";
import {
  isModified,
  readAddress,
  viewOf,
  writeAddress,
} from "@/features/orders/model/view-address";
import { SCHEMA } from "../events";

const pending = { ...PLAIN_VIEW, filter: withStatus(PLAIN_VIEW.filter, SCHEMA, "pending") };
const saved = { id: 7, table: "orders", name: "New", query: "status=pending", shared: true };
const read = (text: string, views: readonly (typeof saved)[] | null = [saved]) =>
  readAddress(new URLSearchParams(text), views);

test("the address of a saved view names it alone", () => {
  expect(writeAddress(pending, saved).toString()).toBe("view=7");
  expect(read("view=7")).toEqual({ view: pending, saved, isUnknown: false });
});

test.each([
  ["another filter", { ...pending, filter: onlyCustomer("Ann & Co", SCHEMA) }],
  ["everything", PLAIN_VIEW],
])("a modified view has its own words: %s", (_what, view) => {
  const query = writeAddress(view, saved).toString();
  expect(isModified(view, saved)).toBe(true);
  expect(read(query)).toEqual({ view, saved, isUnknown: false });
});

test("a view that was saved with the words in another spelling is not modified", () => {
  const spelled = { ...saved, query: "status.eq=pending&sort=-id&search=" };
  expect(isModified(viewOf(spelled), spelled)).toBe(false);
  expect(isModified(pending, spelled)).toBe(false);
});

test("a view that is deleted or not loaded yet shows what the words say", () => {
  expect(read("view=8")).toEqual({ view: PLAIN_VIEW, saved: null, isUnknown: true });
  expect(read("view=7&status=pending", null)).toEqual({
    view: pending,
    saved: null,
    isUnknown: true,
  });
  expect(viewFromQuery(new URLSearchParams("view=8&status=pending"))).toEqual(pending);
});
