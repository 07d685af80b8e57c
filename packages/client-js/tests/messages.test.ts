import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { toJson } from "../src/json.ts";
import { MESSAGES, readEvent, readMessage } from "../src/messages.ts";
import { event, inserted, order, sent } from "./events.ts";

interface JsonSchema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  $ref?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

const CONTRACT = new URL("../../contract/messages.schema.json", import.meta.url);
const contract = JSON.parse(readFileSync(CONTRACT, "utf-8")) as {
  $defs: Record<string, JsonSchema>;
};

/** The JSON types that a schema allows. */
function typesOf(schema: JsonSchema): string[] {
  if (schema.anyOf) return schema.anyOf.flatMap(typesOf);
  if (schema.$ref) return ["object"];
  if (schema.enum) return [...new Set(schema.enum.map((value) => typeof value))];
  return [schema.type ?? "anything"].flat().map((type) => type.replace("integer", "number"));
}

const SAMPLES: Readonly<Record<string, unknown>> = {
  string: "x",
  number: 1,
  boolean: true,
  object: {},
  array: [],
  null: null,
};

describe("I10: the messages that are read agree with those that the server sends", () => {
  test.each(Object.entries(MESSAGES))("%s", (type, members) => {
    const server = Object.values(contract.$defs).find(
      ({ properties }) => properties?.type?.const === type,
    );
    expect(server, `the server sends no ${type}`).toBeDefined();
    for (const [name, member] of Object.entries(members)) {
      const sent = server?.properties?.[name];
      expect(sent, `${type}.${name} is never sent`).toBeDefined();
      for (const each of sent ? typesOf(sent) : []) {
        expect(member(SAMPLES[each]), `${type}.${name} may be ${each}`).toBe(true);
      }
      if (!member(undefined)) expect(server?.required).toContain(name);
    }
  });
});

describe("events", () => {
  test("the row of an order's event is in `order`, that of another table in `row`", () => {
    expect(readEvent(sent(inserted(1, order(1))))).toEqual(inserted(1, order(1)));
    const line = { table: "order_lines", order_id: 7, key: { id: 3 }, row: { id: 3, sku: "a" } };
    expect(readEvent(event(2, line))).toEqual(event(2, line));
  });

  test("I10: a row keeps every column", () => {
    const row = { ...order(1), weight: 3, due_at: null };
    expect(readEvent({ ...inserted(1, row), colour: "red" })?.row).toBe(row);
  });

  test.each(["position", "operation", "order_id", "changed", "changed_at"])(
    "an event with an invalid %s cannot be read",
    (name) => {
      expect(readEvent({ ...inserted(1, order(1)), [name]: true })).toBeNull();
    },
  );

  test("an event without an actor can be read", () => {
    expect(readEvent({ ...inserted(1, order(1)), actor: undefined })?.actor).toBeNull();
  });
});

test("a frame of 10,000 events is read whole", () => {
  const events = Array.from({ length: 10_000 }, (_, at) => inserted(at + 1, order(at)));
  const text = JSON.stringify({ type: "events", first: 1, last: 10_000, events });
  const message = readMessage(text);
  expect(message).toMatchObject({ type: "events", unreadable: 0, conflated: false, events });
});

test("I11: digits beyond a double's survive in an event", () => {
  const row = '{"id":9007199254740993,"total":12345678901234567890.12345678901234567890}';
  const text = `{"type":"events","first":1,"last":1,"events":[{"position":1,"operation":"INSERT","order_id":9007199254740993,"order":${row},"changed":null,"changed_at":"2026-11-22"}]}`;
  const message = readMessage(text);
  const [read] = message?.type === "events" ? message.events : [];
  expect(read?.order_id).toBe(9007199254740993n);
  expect(toJson(read?.row?.total)).toBe("12345678901234567890.12345678901234567890");
});
