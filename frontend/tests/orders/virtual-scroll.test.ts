import { expect, test } from "vitest";
import {
  elementPx,
  placeOf,
  revealing,
  rowsInView,
  type ScrollPlace,
  scrolledTo,
  START,
} from "@/features/orders/model/virtual-scroll";

const SHORT = { count: 1000, rowPx: 48, viewPx: 480 };
const LONG = { count: 1_000_000, rowPx: 48, viewPx: 480 };
const topRow = ({ top, offset }: ScrollPlace) => Math.round((top + offset) / 48);

test("of a short list, the rows in view and a few more are drawn", () => {
  expect(elementPx(SHORT)).toBe(48_000);
  expect(rowsInView(START, SHORT)).toEqual([0, 18]);
  expect(rowsInView(scrolledTo(4800, START, SHORT), SHORT)).toEqual([92, 118]);
  expect(rowsInView(scrolledTo(47_520, START, SHORT), SHORT)).toEqual([982, 1000]);
});

test("of a list that no browser could draw, every row can be scrolled to", () => {
  const height = elementPx(LONG);
  expect(height).toBeLessThan(17_000_000); // what Firefox draws
  const end = scrolledTo(height - LONG.viewPx, START, LONG);
  expect(rowsInView(end, LONG)[1]).toBe(LONG.count);
  for (const row of [0, 7, 208_000, 499_999, 999_990]) {
    const place = placeOf(row * 48, LONG);
    expect(topRow(place)).toBe(row);
    expect(place.top).toBeGreaterThanOrEqual(0);
    expect(place.top).toBeLessThanOrEqual(height - LONG.viewPx);
  }
});

test("a short way moves a long list as far as the element, also over the edges of its pages", () => {
  let place = START;
  for (let step = 1; step <= 5000; step += 1) {
    place = scrolledTo(place.top + 96, place, LONG);
    expect(topRow(place)).toBe(step * 2);
  }
  for (let step = 4999; step >= 0; step -= 1) place = scrolledTo(place.top - 96, place, LONG);
  expect(place).toEqual(START);
});

test("a long way moves a long list in proportion", () => {
  const middle = scrolledTo(elementPx(LONG) / 2, START, LONG);
  expect(topRow(middle) / LONG.count).toBeCloseTo(0.5, 1);
});

test("revealing a row scrolls as little as possible", () => {
  const at = { top: 4800, offset: 0 };
  expect(revealing(105, at, SHORT)).toBe(4800);
  expect(revealing(3, at, SHORT)).toBe(144);
  expect(revealing(200, at, SHORT)).toBe(200 * 48 + 48 - 480);
});
