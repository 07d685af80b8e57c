import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Connection } from "../src/connection.ts";
import { Api, type TokenProvider } from "../src/http.ts";
import type { ChangeEvent } from "../src/messages.ts";
import { inserted, order, sent } from "./events.ts";
import { FakeSocket } from "./fake-socket.ts";

const HEARTBEAT_S = 15;

let sockets: FakeSocket[];
let events: ChangeEvent[];
let resets: string[];
let schemas: string[];
let live: Connection;
/** What `fetch` answers to a request for server-sent events; nothing: the request fails. */
let stream: (() => Response) | null;
let requested: string[];
let shown: (string | null)[];
const refused = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  sockets = [];
  events = [];
  resets = [];
  schemas = [];
  stream = null;
  requested = [];
  shown = [];
  refused.mockReset();
  live = connection();
});

function connection(token?: TokenProvider): Connection {
  const Recorded = class extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  };
  const answer = (url: unknown, init?: RequestInit) => {
    requested.push(String(url));
    shown.push(new Headers(init?.headers).get("Authorization"));
    return stream ? Promise.resolve(stream()) : Promise.reject(new TypeError("refused"));
  };
  return new Connection({
    api: new Api({ url: "http://shop", token, fetch: answer, onUnauthorized: refused }),
    onEvents: (batch) => events.push(...batch),
    onReset: (reason) => resets.push(reason),
    onSchema: (version) => schemas.push(version),
    WebSocket: Recorded,
    random: () => 1, // the longest wait that jitter may draw
  });
}

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
    sent(inserted(first + at, order(first + at))),
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
    live.subscribe({ orders: { status: ["pending"] } });
    goLive();
    newest().say({ type: "subscribed", tables: {}, position: 10 });
    newest().say({ ...frame(11, 20), events: [sent(inserted(15, order(15)))] });
    expect(received()).toEqual([15]);
    expect(state().position).toBe(20);
  });

  test("a message of an unknown type is ignored", () => {
    goLive();
    newest().say({ type: "news" });
    newest().say(frame(11, 11));
    expect(received()).toEqual([11]);
  });

  test.each(["{", "null", new Uint8Array(3)])(
    "I7: after a message that cannot be read it resumes: it may have held anything",
    (text) => {
      goLive();
      newest().sayText(text);
      expect(state()).toMatchObject({ phase: "waiting", position: 10 });
    },
  );

  test("I10: the schema's version is reported from hello and from every change", () => {
    live.start({ stream: "s", position: 10 });
    newest().say({ ...hello(), schema: "v1" });
    newest().say({ type: "schema", version: "v2" });
    expect(schemas).toEqual(["v1", "v2"]);
  });

  test("unknown keys are ignored", () => {
    goLive();
    const later = { ...sent(inserted(11, order(11))), weight: 3 };
    newest().say({ ...frame(11, 11), events: [later], colour: "red" });
    expect(received()).toEqual([11]);
  });

  test("I11: an event that stays unreadable requests a snapshot; the others are delivered", () => {
    goLive();
    const unreadable = { type: "events", first: 11, last: 12 };
    newest().say({ ...unreadable, events: [{}, sent(inserted(12, order(12)))] });
    expect(state()).toMatchObject({ phase: "waiting", position: 10 });
    vi.advanceTimersByTime(500);
    newest().say(hello());
    newest().say({ ...unreadable, events: [{}, sent(inserted(12, order(12)))] });
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
    for (const lost of [1, 2]) {
      newest().break();
      expect(state().lost).toBe(lost);
      vi.advanceTimersByTime(4_000);
    }
    newest().say(hello());
    expect(state().lost).toBe(0);
  });

  test("the longest delays are 0.5, 1, 2, 4, 8, 15, 15 s, and the state shows the next attempt", async () => {
    live.start({ stream: "s", position: 10 });
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      newest().break();
      await vi.dynamicImportSettled();
      await vi.advanceTimersByTimeAsync(0); // a request for server-sent events fails by itself
      const wait = (state().retryAt ?? 0) - Date.now();
      await vi.advanceTimersByTimeAsync(wait - 1);
      waits.push(wait);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(sockets.length + requested.length).toBe(8);
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

describe("with tokens", () => {
  const signedIn = async (token: TokenProvider) => {
    live = connection(token);
    live.start({ stream: "s", position: 10 });
    await vi.advanceTimersByTimeAsync(0);
    newest().open();
  };

  test("each connection sends the present token as its first message", async () => {
    let number = 0;
    await signedIn(() => `token ${(number += 1)}`);
    expect(newest().sent).toEqual(['{"type":"auth","token":"token 1"}']);
    newest().break();
    await vi.advanceTimersByTimeAsync(500);
    newest().open();
    expect(newest().sent).toEqual(['{"type":"auth","token":"token 2"}']);
  });

  test("a token that ends is renewed on the same connection", async () => {
    let number = 0;
    await signedIn(() => Promise.resolve(`token ${(number += 1)}`));
    newest().say(hello());
    newest().say({ type: "expiring", seconds: 60 });
    await vi.advanceTimersByTimeAsync(0);
    expect(newest().sent).toContain('{"type":"auth","token":"token 2"}');
    expect(sockets).toHaveLength(1);
  });

  test("without a token nothing is sent: a cookie identifies the user", async () => {
    await signedIn(() => null);
    newest().say(hello());
    expect(newest().sent).toEqual([]);
    expect(state().phase).toBe("live");
  });

  test("a failed request for a token is repeated later", async () => {
    const asked = vi.fn(() => Promise.reject(new Error("away")));
    live = connection(asked);
    live.start({ stream: "s", position: 10 });
    await vi.advanceTimersByTimeAsync(0);
    expect(state().phase).toBe("waiting");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked.mock.calls.length).toBeGreaterThan(2);
    expect(sockets).toHaveLength(0);
    expect(state().lost).toBe(0); // no gateway was contacted
  });

  test("a token that arrives after stop opens no connection", async () => {
    live = connection(() => new Promise((resolve) => setTimeout(() => resolve("late"), 1000)));
    live.start({ stream: "s", position: 10 });
    live.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(0);
  });

  test("under a scope positions may advance without events", async () => {
    await signedIn(() => "token");
    newest().say(hello());
    newest().say({ type: "authenticated", rows: { customer_name: ["Ann"] } });
    newest().say({ type: "heartbeat", position: 14 });
    newest().say({ type: "events", first: 15, last: 20, events: [sent(inserted(17, order(17)))] });
    expect(state()).toMatchObject({ phase: "live", position: 20 });
    expect(received()).toEqual([17]);
    newest().say({ type: "heartbeat", position: 30 });
    expect(state()).toMatchObject({ phase: "live", position: 30 });
  });

  test("closing code 4001 ends the session, unless there is another token", async () => {
    let token = "old";
    await signedIn(() => token);
    token = "new";
    newest().break(4001);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
    newest().break(4001);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(refused).toHaveBeenCalledOnce();
    expect(sockets).toHaveLength(2);
  });

  test("once the user has signed in again, the connection goes on where it was", async () => {
    await signedIn(() => null);
    newest().say(hello());
    newest().say(frame(11, 12));
    let signIn: (again: boolean) => void = () => undefined;
    refused.mockReturnValue(new Promise((resolve) => (signIn = resolve)));
    newest().break(4001);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state().phase).toBe("idle");
    signIn(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(newest().query.get("after")).toBe("12");
  });
});

describe("where a WebSocket cannot be opened", () => {
  const message = (each: unknown) => `id: s:10\ndata: ${JSON.stringify(each)}\n\n`;
  let say: (text: string) => void;
  const opened = (text: string) => () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        say = (more) => controller.enqueue(new TextEncoder().encode(more));
        say(text);
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
  const fallBack = async (token?: TokenProvider) => {
    live = connection(token);
    stream = opened(message(hello()) + message(frame(11, 12)));
    live.start({ stream: "s", position: 10 });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await vi.advanceTimersByTimeAsync(0);
      newest().break();
      await vi.advanceTimersByTimeAsync(1000);
    }
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(0);
  };

  test("events arrive as server-sent events", async () => {
    await fallBack();
    expect(sockets).toHaveLength(2);
    expect(requested).toEqual(["http://shop/sse?after=10&stream=s"]);
    expect(received()).toEqual([11, 12]);
    expect(state()).toMatchObject({ phase: "live", transport: "sse", position: 12 });
  });

  test("a token is in a header: addresses are logged", async () => {
    await fallBack(() => "secret");
    expect(requested).toEqual(["http://shop/sse?after=10&stream=s"]);
    expect(shown).toEqual(["Bearer secret"]);
    expect(state().transport).toBe("sse");
  });

  test("a WebSocket is tried again later, and used when it opens", async () => {
    await fallBack();
    for (let waited = 0; waited < 5 * 60; waited += 15) {
      say(message({ type: "heartbeat", position: 12 }));
      await vi.advanceTimersByTimeAsync(15_000);
      live.wake(); // a stream carries no ping, and no answer is expected
    }
    expect(sockets.length).toBeGreaterThan(2);
    const probe = newest();
    probe.open();
    expect(probe.readyState).toBe(3);
    newest().say(hello("s", 12));
    expect(state()).toMatchObject({ phase: "live", transport: "websocket", position: 12 });
    expect(newest().query.get("after")).toBe("12");
  });

  test("an answer that is no stream of events counts as failed", async () => {
    await fallBack();
    live.stop();
    stream = () => new Response("<html>", { headers: { "Content-Type": "text/html" } });
    live = connection();
    live.start({ stream: "s", position: 10 });
    newest().break();
    await vi.advanceTimersByTimeAsync(500);
    newest().break();
    await vi.advanceTimersByTimeAsync(1000);
    await vi.dynamicImportSettled();
    await vi.advanceTimersByTimeAsync(0);
    expect(state().phase).toBe("waiting");
    await vi.advanceTimersByTimeAsync(4000);
    expect(state().transport).toBe("websocket");
  });
});

describe("filters", () => {
  const PENDING = { orders: { status: ["pending"] } };

  test("are in the address, and the answer makes the connection live", () => {
    live.subscribe(PENDING);
    live.start({ stream: "s", position: 10 });
    expect(JSON.parse(newest().query.get("subscribe") ?? "")).toEqual({ tables: PENDING });
    newest().say(hello());
    expect(state().phase).toBe("connecting");
    newest().say({ type: "subscribed", tables: PENDING, position: 10 });
    expect(state()).toMatchObject({ phase: "live", partial: true });
  });

  test("others are set on the live connection, and events before the answer are skipped", () => {
    goLive();
    newest().say(frame(11, 11));
    live.subscribe(PENDING);
    expect(newest().sent).toEqual([
      JSON.stringify({ type: "subscribe", tables: PENDING, after: 11 }),
    ]);
    newest().say(frame(12, 12));
    newest().say({ type: "subscribed", tables: PENDING, position: 11 });
    newest().say({ type: "events", first: 12, last: 14, events: [sent(inserted(13, order(13)))] });
    expect(received()).toEqual([11, 13]);
    expect(state()).toMatchObject({ phase: "live", position: 14 });
  });
});
