import { expect, test } from "vitest";
import { fade, NO_TOUCHES, touch } from "@/features/orders/model/touches";
import { inserted, order, updated } from "../events";

const changed = (position: number, id: number) =>
  updated(position, order(id, { version: 2, status: "shipped" }), { status: "pending" });

test("what the rows show at first is no change", () => {
  const touches = touch(NO_TOUCHES, [changed(5, 1), inserted(6, order(2))], 0, 5);
  expect([...touches.keys()]).toEqual([2]);
});

test("a row keeps what each column was until its mark fades", () => {
  const later = updated(7, order(1, { version: 3, quantity: 4 }), { quantity: 1 });
  const touches = touch(touch(NO_TOUCHES, [changed(6, 1)], 0), [later], 100);
  expect(touches.get(1)).toMatchObject({ was: { status: "pending", quantity: 1 }, isNew: false });
  expect(fade(touches, 6000)).toEqual(NO_TOUCHES);
});

test("a change of everything marks nothing", () => {
  const many = Array.from({ length: 100 }, (_, at) => changed(at + 1, at));
  expect(touch(NO_TOUCHES, many, 0)).toBe(NO_TOUCHES);
});

test("rows of other tables are marked by their keys", () => {
  const line = { table: "lines", order_id: 7, key: { order_id: 7, place: 2 }, row: { sku: "A" } };
  const touches = touch(NO_TOUCHES, [{ ...inserted(1, order(7)), ...line }], 0);
  expect([...touches.keys()]).toEqual(["7,2"]);
});
