import { expect, test } from "vitest";
import { parseJson, rawNumber, toJson } from "../src/json.ts";

test.each([
  "9007199254740993",
  "-170141183460469231731687303715884105728",
  "0.1234567890123456789012345678901234567",
  "1e400",
  "1e-400",
])("the number %s keeps its digits", (number) => {
  const parsed = parseJson(`{"a":[${number}]}`);
  expect(toJson(parsed)).toBe(`{"a":[${number}]}`);
});

test.each([
  "0",
  "-1.5",
  "12.50",
  "0.30000000000000004",
  "9007199254740991",
  "1.7976931348623157e+308",
])("the number %s is an ordinary number", (number) => {
  expect(parseJson(`[${number}, "0123456789012345"]`)).toEqual([
    Number(number),
    "0123456789012345",
  ]);
});

test("an integer beyond 2^53 is a bigint, another number its raw text", () => {
  expect(parseJson("9007199254740993")).toBe(9007199254740993n);
  expect(rawNumber(parseJson("12345678901234567.25"))).toBe("12345678901234567.25");
  expect(rawNumber({ rawJSON: "1" })).toBeNull();
});

test("deep nesting is read, if necessary without the digits", () => {
  const deep = `${"[".repeat(100_000)}9007199254740993${"]".repeat(100_000)}`;
  expect(Array.isArray(parseJson(deep))).toBe(true);
});
