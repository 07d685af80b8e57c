import { expect, test } from "vitest";
import type { Column } from "real-time-orders";
import {
  checkDraft,
  draftToJson,
  emptyDraft,
  exampleJson,
} from "@/features/orders/model/order-draft";
import { column, SCHEMA } from "../events";

const GOOD = { customer_name: " John Doe ", product_name: "Laptop", quantity: "2" };
const check = (draft: Record<string, string>) => checkDraft(draft, SCHEMA.writable);

/** The error of a text in a column of a kind; null if it is accepted. */
const errorOf = (change: Partial<Column>, extra: string) =>
  checkDraft({ extra }, [column("extra", { nullable: true, ...change })]).extra ?? null;

const jsonOf = (change: Partial<Column>, extra: string) =>
  draftToJson({ extra }, [column("extra", change)]);

test("a complete draft has no errors and becomes JSON", () => {
  expect(check(GOOD)).toEqual({});
  expect(draftToJson(GOOD, SCHEMA.writable)).toBe(
    '{"customer_name":"John Doe","product_name":"Laptop","quantity":2}',
  );
});

test("columns without a default that may not be null are required", () => {
  expect(Object.keys(check(emptyDraft(SCHEMA)))).toEqual(["customer_name", "product_name"]);
  expect(check({ ...GOOD, customer_name: "  " })).toHaveProperty("customer_name");
});

test("a text has at most max_length characters, counted as PostgreSQL counts them", () => {
  expect(check({ ...GOOD, product_name: "😀".repeat(200) })).toEqual({});
  expect(check({ ...GOOD, product_name: "x".repeat(201) })).toHaveProperty("product_name");
});

test.each<[Partial<Column>, string]>([
  [{ kind: "integer", type: "integer" }, "1.5"],
  [{ kind: "integer", type: "integer" }, "2147483648"],
  [{ kind: "integer", type: "smallint" }, "-32769"],
  [{ kind: "number" }, "many"],
  [{ kind: "number", type: "numeric(10,2)" }, "12.345"], // PostgreSQL would round it
  [{ kind: "number", type: "numeric(10,2)" }, "1e-3"],
  [{ kind: "number", type: "numeric(10,0)" }, "1.5"],
  [{ kind: "uuid" }, "123"],
  [{ kind: "json" }, "{a: 1}"],
  [{ kind: "array" }, '{"a": 1}'],
  [{ kind: "date" }, "tomorrow"],
])("%j refuses %j", (change, text) => {
  expect(errorOf(change, text)).not.toBeNull();
});

test.each<[Partial<Column>, string, string]>([
  [{ kind: "integer", type: "bigint" }, "9223372036854775807", "9223372036854775807"],
  [{ kind: "integer", type: "integer" }, "+007", "7"],
  [{ kind: "number", type: "numeric" }, "12.50", "12.50"],
  [{ kind: "number", type: "numeric" }, ".5", "0.5"],
  [{ kind: "number", type: "numeric(10,2)" }, "12.3400", "12.3400"],
  [{ kind: "number", type: "numeric(10,2)" }, "1.234e2", "1.234e2"],
  [{ kind: "number", type: "numeric" }, "1234567890123456789.01", "1234567890123456789.01"],
  [{ kind: "boolean", type: "boolean" }, "true", "true"],
  [{ kind: "json", type: "jsonb" }, '{"n": 9007199254740993}', '{"n": 9007199254740993}'],
  [{ kind: "array", type: "text[]" }, '["a"]', '["a"]'],
  [{ kind: "choice", type: "text", choices: ["1"] }, "1", '"1"'],
  [{ kind: "choice", type: "integer", choices: ["1"] }, "1", "1"],
  [
    { kind: "timestamp", type: "timestamp without time zone" },
    "2026-12-24T18:00",
    '"2026-12-24T18:00"',
  ],
  [{ kind: "timestamp", type: "timestamp with time zone" }, "infinity", '"infinity"'],
  [
    { kind: "uuid" },
    "123e4567-e89b-12d3-a456-426614174000",
    '"123e4567-e89b-12d3-a456-426614174000"',
  ],
  [{ kind: "other", type: "inet" }, "10.0.0.1", '"10.0.0.1"'],
])("I10: %j takes %j and sends %s", (change, text, json) => {
  expect(errorOf(change, text)).toBeNull();
  expect(jsonOf(change, text)).toBe(`{"extra":${json}}`);
});

test("a time in a column with a zone is in the reader's zone", () => {
  const change = { kind: "timestamp", type: "timestamp with time zone" } as const;
  const sent = JSON.parse(jsonOf(change, "2026-12-24T18:00")) as { extra: string };
  expect(sent.extra).toBe(new Date("2026-12-24T18:00").toISOString());
});

test("the example of an order has the required columns", () => {
  expect(exampleJson(SCHEMA)).toBe('{"customer_name": "John Doe", "product_name": "Laptop"}');
});
