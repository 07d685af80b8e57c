import { expect, test } from "vitest";
import { parseJson } from "real-time-orders";
import { formatAge, formatExact, formatValue } from "@/lib/format";
import { column } from "../events";

const DAY_MS = 86_400_000;

test.each([
  [12.5, "numeric(12,2)", "12.50"],
  [12, "numeric(12,2)", "12.00"],
  [12.3456, "numeric", "12.3456"],
  [1234567, "integer", "1,234,567"],
  [2026, "integer", "2,026"],
  [9007199254740993n, "bigint", "9,007,199,254,740,993"],
  [parseJson("12345678901234567890.125"), "numeric", "12,345,678,901,234,567,890.125"],
  [parseJson("1e400"), "numeric", "1e400"],
  ["NaN", "numeric", "NaN"],
])("the number %s of type %s is shown as %s", (value, type, text) => {
  expect(formatValue(value, column("total", { kind: "number", type }))).toBe(text);
});

test.each([
  ["–", null],
  ["–", undefined],
  ["yes", true],
  ["(empty)", ""],
  ["(blank)", "\u200b\u00a0\u3164"],
  ["a, b", ["a", "b"]],
  ["city: Łódź, big: 9007199254740993", { city: "Łódź", big: 9007199254740993n }],
  ['{"city":{"name":"Łódź"}}', { city: { name: "Łódź" } }],
  ["{}", {}],
])("a value is shown as %s", (text, value) => {
  expect(formatValue(value)).toBe(text);
});

test.each(["infinity", "-infinity", "0044-03-15T00:00:00+00:00 BC", "20000-01-01T00:00:00+00:00"])(
  "the time %s is shown as it is",
  (time) => {
    expect(formatExact(time)).toBe(time);
    expect(formatAge(time, Date.now())).toBe(time);
    expect(formatValue(time, column("due_at", { kind: "timestamp" }))).toBe(time);
  },
);

test.each([
  ["2026-05-01T10:30:00", "May 1, 2026, 10:30 AM"],
  ["2026-05-01T10:30:07", "May 1, 2026, 10:30:07 AM"],
  ["2026-05-01T10:30:00.25", "May 1, 2026, 10:30:00 AM"],
])("the time %s is shown as %s: seconds only if they are not zero", (time, text) => {
  const shown = formatValue(time, column("due_at", { kind: "timestamp" }));
  expect(shown.replaceAll("\u202f", " ")).toBe(text);
});

test("an age tells seconds, minutes, hours and days, then the date, with the year if it is another", () => {
  const now = new Date(2026, 10, 22, 11, 12, 52).getTime(); // dates are those of the time zone
  const ages = [5000, 25_000, 150_000, 7_200_000, 2 * DAY_MS, 8 * DAY_MS, 350 * DAY_MS, -DAY_MS];
  const texts = ages.map((age) => formatAge(new Date(now - age).toISOString(), now));
  expect(texts).toEqual([
    "just now",
    "20s ago",
    "2m ago",
    "2h ago",
    "2d ago",
    "Nov 14",
    "Dec 7, 2025",
    "Nov 23",
  ]);
});
