import { expect, test } from "vitest";
import type { Filter } from "real-time-orders";
import { describeCondition, PERIODS } from "@/lib/condition-text";
import { isRelative, toValues, withCondition } from "@/lib/conditions";
import { words } from "@/words";
import { column } from "../events";

const moment = column("at", { kind: "timestamp", type: "timestamp with time zone" });
const local = column("local", { kind: "timestamp", type: "timestamp without time zone" });
const day = column("day", { kind: "date", type: "date" });
const paid = column("paid", { kind: "boolean", type: "boolean" });
const note = column("note");
const table = { columns: [moment, local, day, paid, note] };
/** Noon of 15 May 2026 for the reader, whatever the zone of this computer. */
const NOON = new Date(2026, 4, 15, 12).getTime();

const now = (filter: Filter) => toValues(filter, table, NOON);

test("a word for a day is a day of the reader, as a value of its column's kind", () => {
  const today = new Date(2026, 4, 15).toISOString().replace(".000", "");
  expect(now({ at: { gte: "today" } })).toEqual({ at: { gte: today } });
  expect(now({ local: { lt: "tomorrow" } })).toEqual({ local: { lt: "2026-05-16T00:00:00" } });
  expect(now({ day: ["yesterday", null] })).toEqual({ day: ["2026-05-14", null] });
  expect(now({ day: { gte: "today-14", lte: "today+30" } })).toEqual({
    day: { gte: "2026-05-01", lte: "2026-06-14" },
  });
});

test("a day's words move with midnight", () => {
  const filter = { day: { gte: "yesterday", lt: "today" } };
  const nextDay = NOON + 12 * 3_600_000;
  expect(toValues(filter, table, nextDay)).toEqual({
    day: { gte: "2026-05-15", lt: "2026-05-16" },
  });
  expect(isRelative(filter)).toBe(true);
  expect(isRelative({ day: { gte: "2026-05-01" }, note: ["x", null] })).toBe(false);
});

test("values have their columns' kinds, and a word is a word in a column of text", () => {
  expect(now({ paid: ["true", "false", null], note: { not: ["today", null] } })).toEqual({
    paid: [true, false, null],
    note: { not: ["today", null] },
  });
  expect(now({ gone: ["x"] })).toEqual({});
});

test("another condition keeps the column's place; null removes it", () => {
  const filter = { day: ["today"], note: ["x"] };
  expect(Object.keys(withCondition(filter, "day", ["yesterday"]))).toEqual(["day", "note"]);
  expect(withCondition(filter, "day", null)).toEqual({ note: ["x"] });
});

test.each([
  [["a", "b"], note, "a or b"],
  [[null, ""], note, "is empty"],
  [{ not: null }, note, "is not empty"],
  [{ not: [null, ""] }, note, "is not empty"],
  [{ contains: "gift" }, note, "contains “gift”"],
  [{ not: ["a", "b"] }, note, "is not a, is not b"],
  [{ gte: "1", lte: "9" }, column("n", { kind: "integer" }), "1 to 9"],
  [{ gt: "1", lt: "9" }, column("n", { kind: "integer" }), "over 1, under 9"],
  [{ lte: "9" }, column("n", { kind: "number" }), "up to 9"],
  [["true"], paid, "yes"],
  [{ gte: "today-6", lt: "tomorrow" }, moment, "last 7 days"],
  [{ gte: "2026-05-01", lt: "2026-06-01" }, day, "May 1, 2026 to May 31, 2026"],
  [{ gte: "2026-05-01", lt: "2026-05-02" }, day, "May 1, 2026"],
  [{ lte: "2026-05-01" }, day, "up to May 1, 2026"],
  [{ lt: "2026-05-01T10:30:00" }, local, "before May 1, 2026, 10:30 AM"],
] as const)("%j in words", (condition, of, words) => {
  expect(describeCondition(condition, of).replaceAll("\u202f", " ")).toBe(words);
});

test("every named period has its name", () => {
  for (const { name, range } of PERIODS)
    expect(describeCondition(range, day)).toBe(words.filters.periods[name].toLowerCase());
});
