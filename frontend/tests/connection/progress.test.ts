import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type LiveState, Observable } from "real-time-orders";
import { Progress } from "@/features/connection/model/progress";
import { inserted, order } from "../events";

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, 0));
  vi.stubGlobal("document", { visibilityState: "visible" });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const HOURS = 3 * 3_600_000;

function progress() {
  const made = new Progress(new Observable({ phase: "live" } as LiveState));
  let position = 0;
  const compare = (aheadMs = 0) =>
    made.clock.sample(Date.now(), Date.now(), new Date(Date.now() + aheadMs).toISOString());
  const change = async (agoMs: number) => {
    position += 1;
    const changed_at = new Date(Date.now() - agoMs).toISOString();
    made.received(position);
    made.applied([{ ...inserted(position, order(1)), changed_at }], true);
    await vi.advanceTimersByTimeAsync(1000);
  };
  return { made, compare, change };
}

test("the latency is the age of a change when it is on the screen", async () => {
  const { made, compare, change } = progress();
  compare();
  await change(40);
  expect(made.latencyMs).toBeGreaterThanOrEqual(40);
  expect(made.latencyMs).toBeLessThan(60);
});

test("a jump of the database's clock is no latency: the clocks are compared again", async () => {
  const { made, compare, change } = progress();
  compare();
  await vi.advanceTimersByTimeAsync(60_000);
  await change(HOURS);
  expect(made.latencyMs).toBeNull();
  expect(made.clock.estimate).toBeNull();
  compare(-HOURS);
  await change(HOURS);
  expect(made.latencyMs).toBeLessThan(60);
});

test("a change that is late indeed counts", async () => {
  const { made, compare, change } = progress();
  compare();
  await change(30_000);
  expect(made.latencyMs).toBeGreaterThan(29_000);
});
