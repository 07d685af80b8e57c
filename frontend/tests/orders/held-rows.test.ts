import { expect, test } from "vitest";
import { HeldRows, type LiveRows } from "@/features/orders/model/held-rows";
import { order } from "../events";

const live = (ids: readonly number[], pages = 1, start = 0): LiveRows => ({
  rows: ids.map((id) => order(id)),
  start,
  pages,
  hasMore: true,
  keyOf: ({ id }) => id,
});
const shown = (held: HeldRows) =>
  Array.from({ length: held.end - held.start }, (_, row) => {
    const at = held.at(held.start + row);
    return at && (at.gone ? `${at.order.id} gone` : at.order.id);
  });
const first = live([3, 2, 1]);

test("new orders are not shown but counted", () => {
  const held = HeldRows.of(first).over(live([4, 3, 2, 1]));
  expect(shown(held)).toEqual([3, 2, 1]);
  expect(held.fresh).toBe(1);
});

test("a deleted order keeps its place and is marked as gone", () => {
  const held = HeldRows.of(first).over(live([3, 1]));
  expect(shown(held)).toEqual([3, "2 gone", 1]);
  expect(held.fresh).toBe(0);
});

test("values change in place", () => {
  const rows = [order(3), order(2, { version: 2, quantity: 9 }), order(1)];
  expect(
    HeldRows.of(first)
      .over({ ...first, rows })
      .at(1)?.order.quantity,
  ).toBe(9);
});

test("an order that returns is no longer marked as gone", () => {
  const held = HeldRows.of(first)
    .over(live([3, 1]))
    .over(live([3, 2, 1]));
  expect(shown(held)).toEqual([3, 2, 1]);
});

test("further pages are appended and not counted as new", () => {
  const held = HeldRows.of(live([30, 20])).over(live([31, 30, 20, 10], 2));
  expect(shown(held)).toEqual([30, 20, 10]);
  expect(held.fresh).toBe(1);
});

test("rows in the middle keep their places while orders are created before them", () => {
  const held = HeldRows.of(live([50, 40], 1, 100)).over(live([50, 40], 1, 103));
  expect([held.start, held.end, held.fresh]).toEqual([100, 102, 3]);
  expect(held.inLive(100, 102)).toEqual([103, 105]);
});

test("a page in front of the rows moves them to where they are in the list", () => {
  const held = HeldRows.of(live([50, 40], 1, 100))
    .over(live([50, 40], 1, 103))
    .over(live([52, 51, 50, 40], 2, 101));
  expect(shown(held)).toEqual([52, 51, 50, 40]);
  expect([held.start, held.moved, held.fresh]).toEqual([101, 3, 3]);
  expect(held.at(103)?.order.id).toBe(50);
});

test("rows that are held no longer are not gone, but left out", () => {
  const held = HeldRows.of(live([6, 5, 4, 3])).over(live([4, 3, 2, 1], 2, 2));
  expect(shown(held)).toEqual([4, 3, 2, 1]);
  expect([held.start, held.moved]).toEqual([2, 0]);
});

test("a jump shows the rows that are there", () => {
  const held = HeldRows.of(live([90, 80])).over(live([9, 8, 7], 2, 500));
  expect(shown(held)).toEqual([9, 8, 7]);
  expect(held.start).toBe(500);
});
