import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toJSONSchema } from "zod";
import { toJson } from "@/lib/json";
import { MESSAGES, parseServerMessage, readEvent, readOrder } from "@/lib/protocol";
import { event, inserted, order } from "../events";

interface JsonSchema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  $ref?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

const CONTRACT = new URL("../../../packages/contract/messages.schema.json", import.meta.url);
const contract = JSON.parse(readFileSync(CONTRACT, "utf-8")) as {
  $defs: Record<string, JsonSchema>;
};

/** The JSON types that a schema allows. */
function typesOf(schema: JsonSchema): string[] {
  if (schema.anyOf) return schema.anyOf.flatMap(typesOf);
  if (schema.$ref) return ["object"];
  if (schema.const !== undefined) return [typeof schema.const];
  if (schema.enum) return [...new Set(schema.enum.map((value) => typeof value))];
  return [schema.type ?? "anything"].flat().map((type) => type.replace("integer", "number"));
}

describe("I10: the schemas of the page agree with the server's", () => {
  test.each(Object.entries(MESSAGES))("%s", (name, message) => {
    const server = contract.$defs[name];
    const page = toJSONSchema(message, { unrepresentable: "any" }) as JsonSchema;
    expect(server, `the server sends no ${name}`).toBeDefined();
    for (const [key, schema] of Object.entries(page.properties ?? {})) {
      const sent = server?.properties?.[key];
      expect(sent, `${name}.${key} is never sent`).toBeDefined();
      const readable = typesOf(schema);
      if (!sent || readable.includes("anything")) continue;
      for (const type of typesOf(sent)) expect(readable, `${name}.${key}`).toContain(type);
    }
    for (const key of page.required ?? []) expect(server?.required).toContain(key);
  });
});

describe("orders and events", () => {
  test("I10: a row keeps every column", () => {
    const row = { ...order(1), weight: 3, due_at: null };
    expect(readOrder(row)).toBe(row);
    expect(readEvent({ ...inserted(1, row), colour: "red" })).toEqual(inserted(1, row));
  });

  test("the row of an order's event is in `order`, that of another table in `row`", () => {
    const { row, ...sent } = inserted(1, order(1));
    expect(readEvent({ ...sent, order: row })).toEqual(inserted(1, order(1)));
    const line = { table: "order_lines", order_id: 7, key: { id: 3 }, row: { id: 3, sku: "a" } };
    expect(readEvent(event(2, line))).toEqual(event(2, line));
  });

  test("an order whose key has another name is known by `id` as well", () => {
    const row = { order_no: 7, state: "open" };
    expect(readOrder(row, "order_no")).toEqual({ ...row, id: 7 });
    expect(readOrder({ ...row, id: "x" }, "order_no")?.id).toBe(7);
    expect(readOrder(row)).toBeNull();
    const sent = { position: 1, table: "orders", operation: "INSERT", order_id: 7 };
    const read = readEvent({ ...sent, order: row, changed: null, changed_at: "2026-11-22" });
    expect(read?.row).toEqual({ ...row, id: 7 });
  });

  test.each([undefined, null, {}, "7", 1.5])("an order with the id %j cannot be read", (id) => {
    expect(readOrder({ ...order(1), id })).toBeNull();
  });

  test.each(["position", "operation", "order_id", "changed", "changed_at"])(
    "an event with an invalid %s cannot be read",
    (key) => {
      expect(readEvent({ ...inserted(1, order(1)), [key]: true })).toBeNull();
    },
  );

  test("an INSERT without a row cannot be read", () => {
    expect(readEvent({ ...inserted(1, order(1)), row: null })).toBeNull();
  });

  test("an event without an actor can be read", () => {
    expect(readEvent({ ...inserted(1, order(1)), actor: undefined })?.actor).toBeNull();
  });
});

test("a frame of 10,000 events is read whole", () => {
  const events = Array.from({ length: 10_000 }, (_, at) => inserted(at + 1, order(at)));
  const text = JSON.stringify({ type: "events", first: 1, last: 10_000, events });
  const message = parseServerMessage(text);
  expect(message).toMatchObject({ type: "events", unreadable: 0, conflated: false, events });
});

test("I11: digits beyond a double's survive in an event", () => {
  const row = '{"id":9007199254740993,"total":12345678901234567890.12345678901234567890}';
  const text = `{"type":"events","first":1,"last":1,"events":[{"position":1,"operation":"INSERT","order_id":9007199254740993,"order":${row},"changed":null,"changed_at":"2026-11-22"}]}`;
  const message = parseServerMessage(text);
  const [read] = message?.type === "events" ? message.events : [];
  expect(read?.order_id).toBe(9007199254740993n);
  expect(toJson(read?.row?.total)).toBe("12345678901234567890.12345678901234567890");
});
