import { expect, test } from "vitest";
import { HeldRows, type LiveRows } from "@/features/orders/model/held-rows";
import { order } from "../events";

const live = (ids: readonly number[], pages = 1): LiveRows => ({
  rows: ids.map((id) => order(id)),
  pages,
  keyOf: ({ id }) => id,
});
const shown = (held: HeldRows) =>
  Array.from({ length: held.size }, (_, row) => {
    const at = held.at(row);
    return at && (at.gone ? `${at.order.id} gone` : at.order.id);
  });
const start = live([3, 2, 1]);

test("new orders are not shown but counted", () => {
  const held = HeldRows.of(start).over(live([4, 3, 2, 1]));
  expect(shown(held)).toEqual([3, 2, 1]);
  expect(held.fresh).toBe(1);
});

test("a deleted order keeps its place and is marked as gone", () => {
  const held = HeldRows.of(start).over(live([3, 1]));
  expect(shown(held)).toEqual([3, "2 gone", 1]);
  expect(held.fresh).toBe(0);
});

test("values change in place", () => {
  const rows = [order(3), order(2, { version: 2, quantity: 9 }), order(1)];
  expect(
    HeldRows.of(start)
      .over({ ...start, rows })
      .at(1)?.order.quantity,
  ).toBe(9);
});

test("an order that returns is no longer marked as gone", () => {
  const held = HeldRows.of(start)
    .over(live([3, 1]))
    .over(live([3, 2, 1]));
  expect(shown(held)).toEqual([3, 2, 1]);
});

test("further pages are appended and not counted as new", () => {
  const held = HeldRows.of(live([30, 20])).over(live([31, 30, 20, 10], 2));
  expect(shown(held)).toEqual([30, 20, 10]);
  expect(held.fresh).toBe(1);
});
