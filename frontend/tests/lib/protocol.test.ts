import { describe, expect, expectTypeOf, test } from "vitest";
import type * as contract from "@/lib/contract";
import { parseServerMessage, readEvent, readOrder, type ServerMessage } from "@/lib/protocol";
import { inserted, order } from "../events";

type Spoken = Extract<ServerMessage, { type: string }>;
type Said<T extends Spoken["type"]> = Extract<Spoken, { type: T }>;

test("what the page reads of a message is what the contract says of it", () => {
  expectTypeOf<contract.Hello>().toExtend<Said<"hello">>();
  expectTypeOf<contract.Heartbeat>().toExtend<Said<"heartbeat">>();
  expectTypeOf<contract.Reset>().toExtend<Said<"reset">>();
  expectTypeOf<contract.Subscribed>().toExtend<Said<"subscribed">>();
  expectTypeOf<contract.Pong>().toExtend<Said<"pong">>();
  expectTypeOf<contract.Error>().toExtend<Said<"error">>();
  expectTypeOf<contract.Events["events"]>().toEqualTypeOf<Said<"events">["events"]>();
});

describe("orders and events", () => {
  test("what is whole is read, with the keys that are known", () => {
    expect(readOrder({ ...order(1), weight: 3 })).toEqual(order(1));
    expect(readEvent({ ...inserted(1, order(1)), colour: "red" })).toEqual(inserted(1, order(1)));
  });

  test.each(Object.keys(order(1)))(
    "an order without %s, or with another thing there, is none",
    (key) => {
      expect(readOrder({ ...order(1), [key]: undefined })).toBeNull();
      expect(readOrder({ ...order(1), [key]: {} })).toBeNull();
    },
  );

  test.each(["position", "operation", "order_id", "order", "changed", "changed_at"])(
    "an event without %s is none",
    (key) => {
      expect(readEvent({ ...inserted(1, order(1)), [key]: undefined })).toBeNull();
      expect(readEvent({ ...inserted(1, order(1)), [key]: true })).toBeNull();
    },
  );

  test("an event without an actor is one", () => {
    const event = { ...inserted(1, order(1)), actor: undefined };
    expect(readEvent(event)?.actor).toBeNull();
  });
});

test("10,000 events are parsed in well under a fifth of a second", () => {
  const events = Array.from({ length: 10_000 }, (_, at) => inserted(at + 1, order(at)));
  const text = JSON.stringify({ type: "events", first: 1, last: 10_000, events });
  const began = performance.now();
  const message = parseServerMessage(text);
  expect(performance.now() - began).toBeLessThan(200);
  expect(message).toMatchObject({ type: "events", unreadable: 0, conflated: false });
});
