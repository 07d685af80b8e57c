import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ActivityFilter,
  EVERY_CHANGE,
  fromText,
  isWanted,
  KINDS,
  TIMES,
  toText,
  wantedOf,
} from "@/features/activity/model/activity-filter";
import { deleted, inserted, order, updated } from "../events";

const NOW = Date.parse("2026-11-22T11:12:55Z");
const VISIT = { stream: "s", position: 70, at: "2026-11-21T17:00:00Z" };
const wanted = (change: Partial<ActivityFilter>, stream = "s") =>
  wantedOf({ ...EVERY_CHANGE, ...change }, NOW, VISIT, stream);

test("a filter is words in the address; every change is none", () => {
  expect(toText(EVERY_CHANGE)).toBeNull();
  expect(toText({ kind: "deleted", when: "yesterday", by: "Anna by: B" })).toBe(
    "deleted yesterday by:Anna by: B",
  );
  expect(fromText("deleted by:today")).toEqual({ kind: "deleted", when: "any", by: "today" });
  expect(fromText("nonsense 1..2 by:")).toEqual(EVERY_CHANGE);
  const time = fc.constantFrom("", "2026-11-22T10:00", "1999-01-01T23:59");
  const when = fc.oneof(fc.constantFrom(...TIMES), fc.record({ from: time, to: time }));
  const by = fc.option(fc.string({ minLength: 1, maxLength: 20 }));
  fc.assert(
    fc.property(fc.record({ kind: fc.constantFrom(...KINDS), when, by }), (filter) => {
      expect(fromText(toText(filter))).toEqual(filter);
    }),
  );
});

test("days are the reader's, a range excludes its end", () => {
  const { since, until } = wanted({ when: "yesterday" });
  expect((until ?? 0) - (since ?? 0)).toBe(24 * 3_600_000);
  expect(new Date(until ?? 0).getHours()).toBe(0);
  expect(wanted({ when: "today" }).since).toBe(until);
  expect(wanted({ when: "hour" }).since).toBe(NOW - 3_600_000);
  const range = wanted({ when: { from: "2026-11-22T10:00", to: "" } });
  expect(range).toMatchObject({ since: new Date(2026, 10, 22, 10).getTime(), until: null });
});

test("since the last visit: after its position, or its time if the stream is another one", () => {
  expect(wanted({ when: "visit" })).toMatchObject({ after: 70, since: null });
  expect(wanted({ when: "visit" }, "t")).toMatchObject({ after: 0, since: Date.parse(VISIT.at) });
  expect(wantedOf({ ...EVERY_CHANGE, when: "visit" }, NOW, null, "s").after).toBe(0);
});

test("live events are judged as the server judges those of the log", () => {
  const event = { ...updated(71, order(1)), actor: "Anna", changed_at: "2026-11-22T11:00:00Z" };
  const shown = (change: Partial<ActivityFilter>) => isWanted(event, wanted(change));
  expect(shown({})).toBe(true);
  expect(shown({ kind: "changed", when: "hour", by: "Anna" })).toBe(true);
  expect(shown({ by: "Bob" })).toBe(false);
  expect(shown({ kind: "created" })).toBe(false);
  expect(shown({ when: "yesterday" })).toBe(false);
  expect(isWanted({ ...event, position: 70 }, wanted({ when: "visit" }))).toBe(false);
  const leave = { ...deleted(72, order(1)), operation: "LEAVE" as const };
  expect(isWanted(leave, wanted({ kind: "deleted" }))).toBe(true);
  expect(isWanted(inserted(72, order(1)), wanted({ kind: "deleted" }))).toBe(false);
});
