import { afterEach, expect, test, vi } from "vitest";
import { DatabaseClock } from "../src/clock.ts";

test("the offset of a clock that is an hour ahead comes from the fastest answer", () => {
  const clock = new DatabaseClock();
  const hour = 3_600_000;
  const time = (ms: number) => new Date(ms + hour).toISOString();
  clock.sample(1000, 1400, time(1390)); // slow, and not read half way
  clock.sample(2000, 2010, time(2005));
  expect(clock.estimate).toMatchObject({ offsetMs: hour, errorMs: 5 });
});

afterEach(() => vi.useRealTimers());

test("after a jump of this computer's clock earlier answers say nothing", () => {
  vi.useFakeTimers();
  const clock = new DatabaseClock();
  const sample = (aheadMs: number) =>
    clock.sample(Date.now(), Date.now(), new Date(Date.now() + aheadMs).toISOString());
  sample(0);
  vi.advanceTimersByTime(60_000);
  expect(clock.estimate?.offsetMs).toBe(0);
  const hours = 3 * 3_600_000;
  vi.setSystemTime(Date.now() - hours);
  expect(clock.estimate).toBeNull();
  sample(hours);
  expect(clock.estimate?.offsetMs).toBe(hours);
});

test("an invalid time is ignored", () => {
  const clock = new DatabaseClock();
  clock.sample(1, 2, "soon");
  expect(clock.estimate).toBeNull();
});
