import { expect, test } from "vitest";
import { capOf, levelsOf, timesOf } from "@/features/pulse/model/axes";

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

test("levels are round numbers at equal distances, up to the end of the scale", () => {
  expect(levelsOf([], 2)).toEqual([0, 2, 4]);
  expect(levelsOf([60, 99], 2)).toEqual([0, 50, 100]);
  expect(levelsOf([60, 101], 4)).toEqual([0, 50, 100, 150, 200]);
  expect(levelsOf([12_345, 9000], 2)).toEqual([0, 10_000, 20_000]);
  expect(levelsOf([451, 200], 2)).toEqual([0, 250, 500]);
  expect(levelsOf([...quiet, 6000], 2)).toEqual([0, 20, 40]);
});

test("times are round ones of the reader's day, as many as there is room for", () => {
  const at = (hour: number, minute: number) => new Date(2026, 10, 22, hour, minute).getTime();
  const hour = timesOf(at(10, 7), at(11, 6), 4, 0);
  expect(hour).toEqual([at(10, 15), at(10, 30), at(10, 45), at(11, 0)]);
  expect(timesOf(at(10, 7), at(11, 6), 2, 0)).toEqual([at(10, 30), at(11, 0)]);
  expect(timesOf(at(0, 0), at(23, 0), 4, 3_600_000)).toHaveLength(4);
  expect(timesOf(at(0, 0), at(3, 0), 60, 3_600_000)).toHaveLength(4);
});
