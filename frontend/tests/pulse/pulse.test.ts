import { expect, test } from "vitest";
import {
  changesByMinute,
  changesInLastMinute,
  openPulse,
  ordersByHour,
  ordersInLastDay,
  pulseOn,
} from "@/features/pulse/model/pulse";
import { deleted, inserted, order, truncated, updated } from "../events";

const NOW = Date.parse("2026-11-22T11:12:55Z");
const empty = openPulse({
  stream: "s",
  position: 0,
  time: "",
  changes_since: "2026-11-22T10:13:00+00:00",
  changes: Array.from({ length: 60 }, () => 0),
  recent_since: "2026-11-22T11:11:56+00:00",
  recent: Array.from({ length: 60 }, () => 0),
  orders_since: "2026-11-21T10:13:00+00:00",
  orders: Array.from({ length: 1500 }, () => 0),
});
const last = (bars: { value: number }[]) => bars.at(-1)?.value;
const sum = (bars: { value: number }[]) => bars.reduce((all, { value }) => all + value, 0);

test("every event counts in its minute, every order in the hour of its creation", () => {
  const pulse = pulseOn(empty, [
    inserted(1, order(1)),
    updated(2, order(1)),
    inserted(3, order(2)),
  ]);
  expect(last(changesByMinute(pulse, NOW))).toBe(3);
  expect(last(ordersByHour(pulse, NOW))).toBe(2);
});

test("a deleted order no longer counts, and TRUNCATE removes all", () => {
  const some = pulseOn(empty, [inserted(1, order(1)), inserted(2, order(2))]);
  expect(sum(ordersByHour(pulseOn(some, [deleted(3, order(1))]), NOW))).toBe(1);
  expect(sum(ordersByHour(pulseOn(some, [truncated(3)]), NOW))).toBe(0);
  expect(sum(changesByMinute(pulseOn(some, [truncated(3)]), NOW))).toBe(3);
});

const at = (time: string, position = 1) => ({
  ...inserted(position, order(position, { created_at: time })),
  changed_at: time,
});

test("the last bar is the last sixty seconds, the others are complete minutes", () => {
  const pulse = pulseOn(empty, [
    at("2026-11-22T11:11:30Z"),
    at("2026-11-22T11:12:10Z"),
    at("2026-11-22T11:12:52Z"),
  ]);
  const bars = (time: string) =>
    changesByMinute(pulse, Date.parse(time))
      .slice(-2)
      .map(({ value }) => value);
  expect(bars("2026-11-22T11:12:55Z")).toEqual([1, 2]);
  expect(bars("2026-11-22T11:13:01Z")).toEqual([2, 2]);
  expect(bars("2026-11-22T11:13:09Z")).toEqual([2, 2]);
  expect(bars("2026-11-22T11:13:10Z")).toEqual([2, 1]);
  expect(changesInLastMinute(pulse, Date.parse("2026-11-22T11:13:52Z"))).toBe(0);
});

test("24 hours are 24 hours, whatever the minute", () => {
  const pulse = pulseOn(empty, [at("2026-11-21T11:10:00Z"), at("2026-11-21T11:14:00Z", 2)]);
  expect(ordersInLastDay(pulse, NOW)).toBe(1);
  expect(ordersInLastDay(pulse, NOW + 60_000)).toBe(1);
  expect(ordersInLastDay(pulse, NOW + 120_000)).toBe(0);
});

test("the histograms stay bounded over a day of events", () => {
  let pulse = empty;
  for (let minute = 0; minute < 1440; minute += 5) {
    const time = new Date(NOW + minute * 60_000).toISOString();
    const event = {
      ...inserted(minute + 1, order(minute, { created_at: time })),
      changed_at: time,
    };
    pulse = pulseOn(pulse, [event]);
  }
  expect(pulse.changes.size).toBeLessThan(70);
  expect(pulse.recent.size).toBeLessThan(70);
  expect(pulse.orders.size).toBeLessThan(1510);
});
