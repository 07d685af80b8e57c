import { expect, test } from "vitest";
import type { Kind } from "real-time-orders";
import { conditionOf, draftOf, modesOf, problemOf } from "@/lib/condition-draft";
import type { Condition } from "@/lib/conditions";
import { column } from "../events";

const of = (kind: Kind, change = {}) => column("x", { kind, nullable: true, ...change });
const moment = of("timestamp", { type: "timestamp with time zone" });
const midnight = (day: number) => new Date(2026, 4, day).toISOString().replace(".000", "");

test.each<[string, Condition, ReturnType<typeof of>]>([
  ["several choices, and none", ["a", null], of("choice", { choices: ["a", "b"] })],
  ["other choices", { not: ["a"] }, of("choice", { choices: ["a", "b"] })],
  ["a boolean", ["true"], of("boolean")],
  ["a part of a text", { contains: "gift" }, of("text")],
  ["an empty text", [null, ""], of("text")],
  ["a text", { not: [null, ""] }, of("text")],
  ["no number", [null], of("number")],
  ["a number", { not: null }, of("number")],
  ["a range of numbers", { gte: "1.5", lte: "20" }, of("number")],
  ["a half range", { lte: "20" }, of("integer")],
  ["a period", { gte: "today-6", lt: "tomorrow" }, moment],
  ["days of one's own", { gte: "2026-05-01", lte: "2026-05-31" }, of("date")],
  ["days of one's own, as moments", { gte: midnight(1), lt: midnight(16) }, moment],
])("the form holds %s", (_what, condition, column) => {
  expect(conditionOf(draftOf(condition, column), column)).toEqual(condition);
});

test("a day of a moment lasts until the next midnight of the reader", () => {
  const draft = {
    ...draftOf(undefined, moment),
    period: "" as const,
    from: "2026-05-15",
    to: "2026-05-15",
  };
  expect(conditionOf(draft, moment)).toEqual({ gte: midnight(15), lt: midnight(16) });
});

test("an empty form sets no condition", () => {
  for (const kind of ["text", "choice", "boolean", "integer", "uuid"] as const)
    expect(conditionOf(draftOf(undefined, of(kind)), of(kind))).toBe(null);
});

test("a condition that the form cannot hold opens an empty form", () => {
  expect(draftOf({ gt: "1" }, of("integer"))).toMatchObject({ mode: "between", from: "", to: "" });
  expect(draftOf(["x"], of("json")).mode).toBe("empty");
});

test("only a column that may be without a value is asked for that", () => {
  expect(modesOf(of("integer", { nullable: false }))).toEqual(["between"]);
  expect(modesOf(of("json"))).toEqual(["empty", "filled"]);
});

test.each([
  ["integer", "1", "x", "Enter numbers"],
  ["integer", "1.5", "", "Enter whole numbers"],
  ["number", "9", "10", null],
  ["number", "10", "9", "above"],
  ["date", "2026-05-02", "2026-05-01", "above"],
] as const)("a range of %s from %j to %j: %j", (kind, from, to, told) => {
  const draft = { ...draftOf(undefined, of(kind)), period: "" as const, from, to };
  const problem = problemOf(draft, of(kind));
  if (told === null) expect(problem).toBe(null);
  else expect(problem).toContain(told);
});
