import { afterEach, expect, test } from "vitest";
import { type Column, parseJson, toJson } from "real-time-orders";
import { checkValue, editedAs, readValue, textOf } from "@/features/orders/model/value-text";
import { conditionOf, draftOf, problemOf } from "@/lib/condition-draft";
import { setLocale } from "@/lib/locale";
import { column } from "../events";

afterEach(() => setLocale("en"));

const of = (change: Partial<Column>) => column("extra", { nullable: true, ...change });

test.each<[Partial<Column>, string, string]>([
  [{ kind: "integer", type: "bigint" }, "9007199254740993", "9007199254740993"],
  [{ kind: "number", type: "numeric" }, "1234567890123456789.01", "1234567890123456789.01"],
  [{ kind: "boolean", type: "boolean" }, "false", "false"],
  [{ kind: "json", type: "jsonb" }, '{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'],
  [{ kind: "array", type: "text[]" }, '["a","b"]', '["a","b"]'],
  [{ kind: "date" }, '"2026-12-24"', "2026-12-24"],
  [{ kind: "timestamp", type: "timestamp with time zone" }, '"infinity"', "infinity"],
  [{ kind: "text" }, '" two\\nlines "', " two\nlines "],
  [{ kind: "text" }, "null", ""],
])("I10: a value of %j is edited as text and read back: %s", (change, json, text) => {
  const value = parseJson(json);
  expect(textOf(value, of(change))).toBe(text);
  expect(checkValue(text, of(change))).toBeNull();
  expect(toJson(readValue(text, of(change)))).toBe(json);
});

test("a time is edited in the reader's zone, to the second", () => {
  const stamp = of({ kind: "timestamp", type: "timestamp with time zone" });
  const text = textOf("2026-11-22T11:12:52.70211+00:00", stamp);
  expect(text).toMatch(/^2026-11-2\dT\d\d:\d\d:52$/);
  expect(readValue(text, stamp)).toBe("2026-11-22T11:12:52.000Z");
});

test("a column that may not be null needs a value, but an empty text is one", () => {
  expect(checkValue(" ", column("n", { kind: "integer", type: "integer" }))).not.toBeNull();
  expect(checkValue("", column("t"))).toBeNull();
  expect(readValue("", column("t"))).toBe("");
});

test.each(["0x10", "0b1", "1_000", "1e3", "１２", "12 3", "NaN"])(
  "%s is no whole number",
  (text) => {
    expect(checkValue(text, of({ kind: "integer", type: "integer" }))).not.toBeNull();
  },
);

test.each(["0x10", "1_000", "1,5", "Infinity", "e5"])("%s is no number", (text) => {
  expect(checkValue(text, of({ kind: "number", type: "numeric" }))).not.toBeNull();
});

test("of the choices only those are offered that may follow", () => {
  const next = { open: ["sent"], sent: [] };
  const state = of({ kind: "choice", choices: ["open", "sent", "lost"], next });
  expect(editedAs(state, "open").choices).toEqual(["open", "sent"]);
  expect(editedAs(state, "sent").choices).toEqual(["sent"]);
  expect(editedAs(of({ kind: "date" }), "infinity").kind).toBe("other");
});

test.each([
  ["12,5", "12.5"],
  ["12.25", "12.25"],
  [",5", "0.5"],
  ["1234", "1234"],
  ["1.234,5", "1234.5"],
])("in German, %s is %s", (typed, json) => {
  setLocale("de-AT");
  const price = of({ kind: "number", type: "numeric(10,2)" });
  expect(checkValue(typed, price)).toBeNull();
  const value = readValue(typed, price);
  expect(toJson(value)).toBe(json);
  expect(textOf(value, price)).toBe(json.replace(".", ","));
});

test("in German, 1.234 is asked for again, being two numbers", () => {
  setLocale("de");
  const price = of({ kind: "number", type: "numeric" });
  expect(checkValue("1.234", price)).toBe("A number, such as 12,50.");
  expect(checkValue("1.23,50", price)).not.toBeNull();
});

test("in German, a range of numbers is typed and shown with a comma", () => {
  setLocale("de");
  const price = of({ kind: "number", type: "numeric" });
  const range = { gte: "1.5", lte: "20" };
  const draft = draftOf(range, price);
  expect(draft).toMatchObject({ from: "1,5", to: "20" });
  expect(problemOf(draft, price)).toBeNull();
  expect(conditionOf(draft, price)).toEqual(range);
  expect(problemOf({ ...draft, from: "1.234" }, price)).not.toBeNull();
});
