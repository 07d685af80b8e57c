import { expect, test } from "vitest";
import { HeldRows, type LiveRows } from "@/features/orders/model/held-rows";
import { OrderIndex } from "@/features/orders/model/order-index";
import { order } from "../events";

const live = (index: OrderIndex, floor = -Infinity): LiveRows => ({ rows: index, index, floor });
const shown = (held: HeldRows) =>
  Array.from({ length: held.size }, (_, row) => {
    const at = held.at(row);
    return at && (at.gone ? `${at.order.id} gone` : at.order.id);
  });
const start = OrderIndex.of([order(3), order(2), order(1)]);

test("new orders are not shown but counted", () => {
  const held = HeldRows.of(live(start)).over(live(start.with(new Map([[4, order(4)]]))));
  expect(shown(held)).toEqual([3, 2, 1]);
  expect(held.fresh).toBe(1);
});

test("a deleted order keeps its place and is marked as gone", () => {
  const held = HeldRows.of(live(start)).over(live(start.with(new Map([[2, null]]))));
  expect(shown(held)).toEqual([3, "2 gone", 1]);
  expect(held.fresh).toBe(0);
});

test("values change in place", () => {
  const now = start.with(new Map([[2, order(2, { version: 2, quantity: 9 })]]));
  expect(HeldRows.of(live(start)).over(live(now)).at(1)?.order.quantity).toBe(9);
});

test("an order that returns is no longer marked as gone", () => {
  const without = live(start.with(new Map([[2, null]])));
  expect(shown(HeldRows.of(live(start)).over(without).over(live(start)))).toEqual([3, 2, 1]);
});

test("older pages are appended and not counted as new", () => {
  const newest = live(OrderIndex.of([order(30), order(20)]), 20);
  const more = live(OrderIndex.of([order(31), order(30), order(20), order(10)]), 10);
  const held = HeldRows.of(newest).over(more);
  expect(shown(held)).toEqual([30, 20, 10]);
  expect(held.fresh).toBe(1);
});
