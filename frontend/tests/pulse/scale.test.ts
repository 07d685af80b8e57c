import { expect, test } from "vitest";
import { capOf } from "@/features/pulse/model/scale";

const quiet = Array.from({ length: 57 }, (_, n) => 10 + (n % 11));

test("up to three peaks are above the scale, which fits the other values", () => {
  expect(capOf([...quiet, 6000])).toBe(30);
  expect(capOf([...quiet, 6000, 90, 5000])).toBe(30);
  expect(capOf([...quiet, 6000, 9000, 5000])).toBe(30);
});

test("values of one size, or many high ones, have a scale with room for all", () => {
  expect(capOf(quiet)).toBeNull();
  expect(capOf([...quiet, 70])).toBeNull();
  expect(capOf([...quiet, 6000, 6000, 6000, 6000])).toBeNull();
});

test("the only changes of an hour are no peaks", () => {
  expect(capOf([])).toBeNull();
  expect(capOf([0, 0, 6000, 0])).toBeNull();
  expect(capOf([0, 2, 6000, 0])).toBe(3);
});
