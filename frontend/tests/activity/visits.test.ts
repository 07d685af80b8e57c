import { expect, test } from "vitest";
import { lastVisit, type Seen, seenNow } from "@/features/activity/model/visits";

const at = (time: string, position: number): Seen => ({
  stream: "s",
  position,
  at: `2026-11-22T${time}:00Z`,
});
const ms = (time: string) => Date.parse(at(time, 0).at);

test("the first visit has none before it", () => {
  expect(lastVisit(null, ms("09:00"))).toBeNull();
  const visits = seenNow(seenNow(null, at("09:00", 10)), at("09:05", 20));
  expect(lastVisit(visits, ms("09:06"))).toBeNull();
});

test("a visit after a pause begins where the one before ended, and keeps to it", () => {
  const morning = seenNow(null, at("09:00", 10));
  expect(lastVisit(morning, ms("12:00"))?.position).toBe(10);
  const noon = seenNow(morning, at("12:00", 50));
  const later = seenNow(seenNow(noon, at("12:08", 60)), at("12:16", 70));
  expect(lastVisit(later, ms("12:20"))?.position).toBe(10);
  expect(lastVisit(later, ms("18:00"))?.position).toBe(70);
});

test("a reload within some minutes is no other visit", () => {
  const noon = seenNow(seenNow(null, at("09:00", 10)), at("12:00", 50));
  expect(lastVisit(noon, ms("12:05"))?.position).toBe(10);
});
