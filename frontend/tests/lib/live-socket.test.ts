import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LiveSocket } from "@/lib/live-socket";
import type { ChangeEvent } from "@/lib/protocol";
import { inserted, order } from "../events";
import { FakeSocket } from "./fake-socket";

const HEARTBEAT_S = 15;

let sockets: FakeSocket[];
let events: ChangeEvent[];
let resets: string[];
let schemas: string[];
let live: LiveSocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  sockets = [];
  events = [];
  resets = [];
  schemas = [];
  live = new LiveSocket({
    url: "ws://shop/ws",
    onEvents: (batch) => events.push(...batch),
    onReset: (reason) => resets.push(reason),
    onSchema: (version) => schemas.push(version),
    open: (url) => {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket;
    },
    random: () => 1, // the longest wait that jitter may draw
  });
});

afterEach(() => {
  live.stop();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const newest = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (!socket) throw new Error("nothing was opened");
  return socket;
};
const hello = (stream = "s", position = 10) => ({
  type: "hello",
  gateway: "g1",
  stream,
  position,
  heartbeat_seconds: HEARTBEAT_S,
});
const frame = (first: number, last: number) => ({
  type: "events",
  first,
  last,
  events: Array.from({ length: last - first + 1 }, (_, at) =>
    inserted(first + at, order(first + at)),
  ),
});
const state = () => live.state.get();
const received = () => events.map(({ position }) => position);

function goLive(): void {
  live.start({ stream: "s", position: 10 });
  newest().say(hello());
}

describe("receiving", () => {
  test("it requests the events after its place", () => {
    live.start({ stream: "s", position: 10 });
    expect(Object.fromEntries(newest().query)).toEqual({ after: "10", stream: "s" });
    expect(state().phase).toBe("connecting");
  });

  test("hello makes it live, and events move its position", () => {
    goLive();
    newest().say(frame(11, 13));
    expect(received()).toEqual([11, 12, 13]);
    expect(state()).toMatchObject({ phase: "live", gateway: "g1", position: 13 });
  });

  test("events that it has already are not delivered again", () => {
    goLive();
    newest().say(frame(8, 11));
    newest().say(frame(8, 11));
    expect(received()).toEqual([11]);
  });

  test("a filtered frame moves the position to the end of the range it covers", () => {
    goLive();
    newest().say({ ...frame(11, 20), events: [inserted(15, order(15))] });
    expect(received()).toEqual([15]);
    expect(state().position).toBe(20);
  });

  test("an invalid message, or one of an unknown type, is ignored with a warning", () => {
    goLive();
    for (const text of ["{", "null", '{"type":"news"}', new Uint8Array(3)]) {
      newest().sayText(text);
    }
    newest().say(frame(11, 11));
    expect(console.warn).toHaveBeenCalledTimes(4);
    expect(received()).toEqual([11]);
  });

  test("I10: the schema's version is reported from hello and from every change", () => {
    live.start({ stream: "s", position: 10 });
    newest().say({ ...hello(), schema: "v1" });
    newest().say({ type: "schema", version: "v2" });
    expect(schemas).toEqual(["v1", "v2"]);
  });

  test("unknown keys are ignored", () => {
    goLive();
    const later = { ...inserted(11, order(11)), weight: 3 };
    newest().say({ ...frame(11, 11), events: [later], colour: "red" });
    expect(received()).toEqual([11]);
  });

  test("an unreadable event requests a snapshot; the other events are delivered", () => {
    goLive();
    newest().say({ type: "events", first: 11, last: 12, events: [{}, inserted(12, order(12))] });
    expect(received()).toEqual([12]);
    expect(resets).toEqual(["unreadable"]);
    expect(state().position).toBe(12);
  });
});

describe("reconnecting", () => {
  test("it resumes at the position it has reached", () => {
    goLive();
    newest().say(frame(11, 12));
    newest().break();
    expect(state().phase).toBe("waiting");
    vi.advanceTimersByTime(500);
    expect(Object.fromEntries(newest().query)).toEqual({ after: "12", stream: "s" });
  });

  test("it counts ended connections until the next hello", () => {
    goLive();
    for (const lost of [1, 2, 3]) {
      newest().break();
      expect(state().lost).toBe(lost);
      vi.advanceTimersByTime(4_000);
    }
    newest().say(hello());
    expect(state().lost).toBe(0);
  });

  test("the longest delays are 0.5, 1, 2, 4, 8, 15, 15 s, and the state shows the next attempt", () => {
    live.start({ stream: "s", position: 10 });
    const waits = Array.from({ length: 7 }, () => {
      newest().break();
      const wait = (state().retryAt ?? 0) - Date.now();
      vi.advanceTimersByTime(wait);
      return wait;
    });
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(sockets).toHaveLength(8);
  });

  test("hello alone does not reset the delay; a delivered message does", () => {
    goLive();
    newest().break();
    vi.advanceTimersByTime(500);
    newest().say(hello());
    newest().break();
    expect((state().retryAt ?? 0) - Date.now()).toBe(1000);
    vi.advanceTimersByTime(1000);
    newest().say(hello());
    newest().say({ type: "heartbeat", position: 10 });
    newest().break();
    expect((state().retryAt ?? 0) - Date.now()).toBe(500);
  });

  test("waking connects at once", () => {
    goLive();
    newest().break();
    live.wake();
    expect(sockets).toHaveLength(2);
    newest().say(hello());
    vi.advanceTimersByTime(9_000);
    expect(sockets).toHaveLength(2);
  });

  test("stop closes the socket and cancels every timer", () => {
    goLive();
    live.stop();
    vi.advanceTimersByTime(120_000);
    expect(sockets).toHaveLength(1);
    expect(newest().readyState).toBe(3);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a message of a dropped connection is ignored", () => {
    goLive();
    const left = newest();
    left.break();
    vi.advanceTimersByTime(500);
    left.say(frame(11, 11));
    expect(received()).toEqual([]);
  });
});

describe("detecting failures", () => {
  test("I7: a gap between frames makes it reconnect at its position", () => {
    goLive();
    newest().say(frame(12, 13));
    expect(received()).toEqual([]);
    expect(state()).toMatchObject({ phase: "waiting", position: 10 });
  });

  test("I7: a heartbeat with a later position makes it reconnect: events are missing", () => {
    goLive();
    newest().say({ type: "heartbeat", position: 11 });
    expect(state()).toMatchObject({ phase: "waiting", position: 10 });
  });

  test("silence for two and a half heartbeats ends the connection", () => {
    goLive();
    vi.advanceTimersByTime(2.5 * HEARTBEAT_S * 1000 - 1);
    expect(state().phase).toBe("live");
    vi.advanceTimersByTime(1);
    expect(state().phase).toBe("waiting");
  });

  test("each silent connection doubles the allowed silence until a message arrives", () => {
    const silenceAllowed = (): number => {
      const began = Date.now();
      while (state().phase === "live") vi.advanceTimersByTime(500);
      return (Date.now() - began) / 1000;
    };
    const comeBack = () => {
      vi.advanceTimersByTime(10_000);
      newest().say(hello());
    };
    goLive();
    expect(silenceAllowed()).toBe(2.5 * HEARTBEAT_S);
    comeBack();
    expect(silenceAllowed()).toBe(5 * HEARTBEAT_S);
    comeBack();
    newest().say(frame(11, 12));
    expect(silenceAllowed()).toBe(2.5 * HEARTBEAT_S);
  });

  test("heartbeats keep the connection", () => {
    goLive();
    for (let beat = 0; beat < 5; beat += 1) {
      vi.advanceTimersByTime(HEARTBEAT_S * 1000);
      newest().say({ type: "heartbeat", position: 10 });
    }
    expect(state().phase).toBe("live");
  });

  test("a connection without hello is dropped", () => {
    live.start({ stream: "s", position: 10 });
    vi.advanceTimersByTime(10_000);
    expect(state().phase).toBe("waiting");
  });

  test("after the computer slept, a connection without recent messages is dropped", () => {
    goLive();
    vi.setSystemTime(Date.now() + 3_600_000); // timers stood still
    live.wake();
    expect(state().phase).toBe("waiting");
  });

  test("waking sends a ping and drops the connection if no pong comes within 5 s", () => {
    goLive();
    live.wake();
    expect(newest().sent).toEqual(['{"type":"ping"}']);
    newest().say({ type: "pong", position: 10 });
    vi.advanceTimersByTime(5_000);
    expect(state().phase).toBe("live");
    live.wake();
    vi.advanceTimersByTime(5_000);
    expect(state().phase).toBe("waiting");
  });
});

describe("reset", () => {
  test("it requests a snapshot and continues from the reset's position", () => {
    goLive();
    newest().say({ type: "reset", reason: "expired", position: 50 });
    newest().say(frame(51, 52));
    expect(resets).toEqual(["expired"]);
    expect(received()).toEqual([51, 52]);
  });

  test("it switches to another stream with the reset, not with hello", () => {
    live.start({ stream: "old", position: 99 });
    newest().say(hello("new", 3));
    expect(state()).toMatchObject({ stream: "old", position: 99 });
    newest().say({ type: "reset", reason: "unknown_stream", position: 3 });
    expect(state()).toMatchObject({ stream: "new", position: 3 });
    newest().say(frame(4, 4));
    expect(received()).toEqual([4]);
  });
});

describe("with tickets", () => {
  const admitted = (admission: () => Promise<string[]>) => {
    const offered: (string[] | undefined)[] = [];
    const refused = vi.fn();
    live = new LiveSocket({
      url: "ws://shop/ws",
      onEvents: (batch) => events.push(...batch),
      onReset: (reason) => resets.push(reason),
      onSchema: (version) => schemas.push(version),
      onUnauthorized: refused,
      admission,
      open: (url, protocols) => {
        offered.push(protocols);
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket;
      },
      random: () => 1,
    });
    live.start({ stream: "s", position: 10 });
    return { offered, refused };
  };

  test("each connection uses a new ticket", async () => {
    let number = 0;
    const { offered } = admitted(() =>
      Promise.resolve(["orders", `orders.ticket.${(number += 1)}`]),
    );
    await vi.advanceTimersByTimeAsync(0);
    newest().say(hello());
    newest().break();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(offered.slice(0, 2)).toEqual([
      ["orders", "orders.ticket.1"],
      ["orders", "orders.ticket.2"],
    ]);
  });

  test("a failed request for a ticket is repeated later", async () => {
    const asked = vi.fn(() => Promise.reject(new Error("away")));
    admitted(asked);
    await vi.advanceTimersByTimeAsync(0);
    expect(state().phase).toBe("waiting");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.mock.calls.length).toBeGreaterThan(2);
    expect(sockets).toHaveLength(0);
    expect(state().lost).toBe(0); // no gateway was contacted
  });

  test("a ticket that arrives after stop opens no connection", async () => {
    admitted(() => new Promise((resolve) => setTimeout(() => resolve(["orders"]), 1000)));
    live.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(0);
  });

  test("under a scope positions may advance without events", async () => {
    admitted(() => Promise.resolve(["orders"]));
    await vi.advanceTimersByTimeAsync(0);
    newest().say(hello());
    newest().say({
      type: "authenticated",
      subject: "ann",
      role: "viewer",
      rows: { customer_name: ["Ann"] },
      expires: null,
    });
    newest().say({ type: "heartbeat", position: 14 });
    newest().say({ type: "events", first: 15, last: 20, events: [inserted(17, order(17))] });
    expect(state()).toMatchObject({ phase: "live", position: 20 });
    expect(received()).toEqual([17]);
    newest().say({ type: "heartbeat", position: 30 });
    expect(state()).toMatchObject({ phase: "live", position: 30 });
  });

  test("closing code 4001 ends the session without another attempt", async () => {
    const { refused } = admitted(() => Promise.resolve(["orders"]));
    await vi.advanceTimersByTimeAsync(0);
    newest().say(hello());
    newest().break(4001);
    live.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(refused).toHaveBeenCalledOnce();
    expect(sockets).toHaveLength(1);
  });
});
