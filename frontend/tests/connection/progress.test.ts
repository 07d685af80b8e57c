import { expect, test } from "vitest";
import { describe as words } from "@/features/connection/model/describe";
import { DatabaseClock } from "@/lib/clock";
import { LatencyMeter } from "@/lib/latency-meter";
import type { LiveState } from "@/lib/live-socket";

const state: LiveState = {
  phase: "live",
  gateway: "g",
  stream: "s",
  position: 1,
  partial: false,
  retryAt: null,
  heardAt: 1,
};
const label = (change: Partial<LiveState>, more: { behind?: number; offlineSince?: number } = {}) =>
  words({ ...state, ...change }, { behind: 0, offlineSince: null, now: 0, ...more }).label;

test("the connection is told as it is", () => {
  expect(label({})).toBe("Live");
  expect(label({}, { behind: 1234 })).toBe("Catching up, 1,234 behind");
  expect(label({ phase: "waiting", retryAt: 2500 })).toMatch(/^Reconnecting in 3 s · stale since /);
  expect(label({ phase: "waiting" }, { offlineSince: 2 })).toMatch(/^Offline · stale since /);
  expect(label({ phase: "connecting", heardAt: null })).toBe("Connecting");
});

test("without a network the page is old, unless the system was heard since: it may be right here", () => {
  expect(label({ heardAt: 5 }, { offlineSince: 7 })).toMatch(/^Offline · stale since /);
  expect(label({ heardAt: 8 }, { offlineSince: 7 })).toBe("Live");
});

test("a clock that is an hour ahead is seen through, best by the fastest answer", () => {
  const clock = new DatabaseClock();
  const hour = 3_600_000;
  const time = (ms: number) => new Date(ms + hour).toISOString();
  clock.sample(1000, 1400, time(1390)); // slow, and the way back was short
  clock.sample(2000, 2010, time(2005));
  expect(clock.estimate).toMatchObject({ offsetMs: hour, errorMs: 5 });
});

test("what is no time sets no clock", () => {
  const clock = new DatabaseClock();
  clock.sample(1, 2, "soon");
  expect(clock.estimate).toBeNull();
});

test("latency is the median of the last minute, and a burst does not push out the rest", () => {
  const meter = new LatencyMeter();
  meter.add(5000, 0);
  for (let at = 61_000; at < 62_000; at += 1) meter.add(at === 61_000 ? 30 : 10, at);
  expect(meter.median(62_000)).toBe(10);
  expect(meter.median(200_000)).toBeNull();
});
