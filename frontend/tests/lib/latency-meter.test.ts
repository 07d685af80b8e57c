import { expect, test } from "vitest";
import { LatencyMeter } from "@/lib/latency-meter";

test("latency is the median of the last minute; a burst does not replace earlier samples", () => {
  const meter = new LatencyMeter();
  meter.add(5000, 0);
  for (let at = 61_000; at < 62_000; at += 1) meter.add(at === 61_000 ? 30 : 10, at);
  expect(meter.median(62_000)).toBe(10);
  expect(meter.median(200_000)).toBeNull();
});
