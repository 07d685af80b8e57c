import { expect, test } from "vitest";
import {
  NEWEST_FIRST,
  type OrderSort,
  sortBy,
  sortForApi,
  sortFromText,
  sortToText,
} from "@/features/orders/model/order-sort";
import { SCHEMA, SEED } from "../events";

test.each(SEED)("sorting by $name can be written to the address and read back", ({ name }) => {
  for (const descending of [true, false]) {
    const sort = [
      { column: name, descending },
      { column: "other", descending: !descending },
    ];
    expect(sortFromText(sortToText(sort))).toEqual(sort);
  }
});

const by = (sort: OrderSort, name: string, isAdded: boolean) =>
  sortToText(sortBy(sort, name, SCHEMA.column(name), isAdded));

test("a click sorts by one column, numbers largest first, and once more the other way", () => {
  expect(by(NEWEST_FIRST, "customer_name", false)).toBe("customer_name");
  expect(by(sortFromText("customer_name"), "customer_name", false)).toBe("-customer_name");
  expect(by(sortFromText("status,-quantity"), "quantity", false)).toBe("quantity");
  expect(by(NEWEST_FIRST, "quantity", false)).toBe("-quantity");
});

test("a click with Shift adds a column, turns it, and takes it away again", () => {
  expect(by(sortFromText("status"), "quantity", true)).toBe("status,-quantity");
  expect(by(sortFromText("status,-quantity"), "quantity", true)).toBe("status,quantity");
  expect(by(sortFromText("status,quantity"), "quantity", true)).toBe("status");
  expect(by(sortFromText("-status"), "status", true)).toBe("status");
  expect(by(sortFromText("a,b,c,d,e"), "status", true)).toBe("b,c,d,e,status");
});

test("the API sorts by the key, whatever it is called", () => {
  expect(sortForApi(sortFromText("status,-id"), "order_no")).toBe("status,-order_no");
});
