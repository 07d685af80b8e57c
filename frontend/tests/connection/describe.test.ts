import { expect, test } from "vitest";
import { type LiveState, UnreachableError } from "real-time-orders";
import { type Circumstances, describe as words } from "@/features/connection/model/describe";

const LIVE: LiveState = {
  phase: "live",
  transport: "websocket",
  gateway: "g",
  stream: "s",
  position: 1,
  partial: false,
  retryAt: null,
  heardAt: 1,
  lost: 0,
};
const USUAL: Circumstances = { behind: 0, offlineSince: null, api: null, now: 0 };

const FAILING = new UnreachableError("The database is away.", { answered: true });

const label = (change: Partial<LiveState>, more: Partial<Circumstances> = {}) =>
  words({ ...LIVE, ...change }, { ...USUAL, ...more }).label;

test("each state of the connection has a label", () => {
  expect(label({})).toBe("Live");
  expect(label({}, { behind: 1234 })).toBe("Catching up, 1,234 behind");
  expect(label({ phase: "waiting", retryAt: 2500 })).toMatch(/^Reconnecting in 3 s · stale since /);
  expect(label({ phase: "waiting" }, { offlineSince: 2 })).toMatch(/^Offline · stale since /);
  expect(label({ phase: "connecting" })).toMatch(/^Reconnecting · stale since /);
  expect(label({ phase: "connecting", gateway: null })).toBe("Connecting");
  expect(label({ phase: "idle", gateway: null, heardAt: null })).toBe("Connecting");
});

test("without a network the page is offline, unless a message arrived since", () => {
  expect(label({ heardAt: 5 }, { offlineSince: 7 })).toMatch(/^Offline · stale since /);
  expect(label({ heardAt: 8 }, { offlineSince: 7 })).toBe("Live");
});

test("the label names an API that does not answer", () => {
  const api = new UnreachableError("away");
  expect(label({ phase: "idle", gateway: null, heardAt: null }, { api })).toBe("API away");
  expect(label({}, { api })).toBe("Live, API away");
  expect(label({}, { api: FAILING })).toBe("Live, API failing");
  // Without a ticket no gateway was contacted.
  expect(label({ phase: "waiting", retryAt: 2500 }, { api })).toMatch(
    /^API away, retry in 3 s · stale since /,
  );
});

test("the label names the gateway after a failed attempt", () => {
  const waiting = { phase: "waiting", retryAt: 2500 } as const;
  expect(label({ ...waiting, lost: 1 })).toMatch(/^Reconnecting in 3 s/);
  expect(label({ ...waiting, lost: 2 })).toMatch(/^Gateway away, retry in 3 s · stale since /);
  expect(label({ ...waiting, lost: 1, gateway: null })).toMatch(/^Gateway away, retry in 3 s/);
  expect(label({ phase: "connecting", lost: 2 })).toMatch(/^Gateway away, retrying · stale since /);
});

test("the label names both", () => {
  expect(
    label({ phase: "waiting", retryAt: 2500, lost: 2 }, { api: new UnreachableError("away") }),
  ).toMatch(/^API and gateway away, retry in 3 s · stale since /);
  expect(label({ phase: "waiting", retryAt: 2500, lost: 2 }, { api: FAILING })).toMatch(
    /^Gateway away, retry/,
  );
});
