import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChangeEvent } from "real-time-orders";
import {
  type ActivityLog,
  addEvents,
  addOlder,
  entriesOf,
  isGroup,
  isUncertain,
  openLog,
} from "@/features/activity/model/activity-log";
import type { ActivityGroup } from "@/lib/protocol";
import { deleted, event, inserted, order, updated } from "../events";

const EMPTY: ActivityLog = {
  groups: [],
  position: 0,
  before: null,
  oldest: 1,
  oldestAt: null,
};
const PAGE = { stream: "s", before: null, log_first: 1, log_since: null };
const BEGIN = Date.parse("2026-11-22T11:12:00Z");

const at = (item: ChangeEvent, seconds: number): ChangeEvent => ({
  ...item,
  changed_at: new Date(BEGIN + seconds * 1000).toISOString(),
});

const many = (from: number, count: number, rows = count) =>
  Array.from({ length: count }, (_, n) =>
    updated(from + n, order(n % rows, { version: n + 2 }), { quantity: 1 }),
  );

function group(change: Partial<ActivityGroup>): ActivityGroup {
  const time = event(1, {}).changed_at;
  return {
    table: "orders",
    operation: "UPDATE",
    actor: null,
    columns: ["quantity"],
    events: 1,
    rows: 1,
    first: 1,
    last: 1,
    began_at: time,
    ended_at: time,
    sample: [],
    ...change,
  };
}

test("the newest entry is first", () => {
  const log = addEvents(EMPTY, [inserted(1, order(1)), deleted(2, order(1))]);
  expect(entriesOf(log).map(({ key }) => key)).toEqual(["2", "1"]);
});

test("an event is added once", () => {
  const log = addEvents(EMPTY, [inserted(1, order(1))]);
  expect(addEvents(log, [inserted(1, order(1))])).toBe(log);
});

test("many events of one kind are one entry with the number of rows", () => {
  const log = addEvents(addEvents(EMPTY, many(1, 1000, 500)), many(1001, 9000, 700));
  expect(entriesOf(log)).toHaveLength(1);
  expect(log.groups[0]).toMatchObject({ events: 10_000, rows: 700, first: 1, last: 10_000 });
  expect(isUncertain(log)).toBe(false);
});

test("up to seven like events are shown one by one", () => {
  expect(entriesOf(addEvents(EMPTY, many(1, 7)))).toHaveLength(7);
  expect(entriesOf(addEvents(EMPTY, many(1, 8)))).toHaveLength(1);
});

test("under a mixed load each kind of change has one entry, in a place of its own", () => {
  let log = EMPTY;
  for (let round = 0; round < 20; round += 1) {
    const events = Array.from({ length: 100 }, (_, n) => {
      const position = round * 100 + n + 1;
      return n % 3 === 0 ? inserted(position, order(position)) : updated(position, order(n));
    });
    log = addEvents(log, events);
  }
  const found = entriesOf(log).map(({ item }) => isGroup(item) && [item.operation, item.events]);
  expect(found).toEqual([
    ["UPDATE", 1320],
    ["INSERT", 680],
  ]);
});

test("other columns, actors and tables, a pause and another minute begin a group", () => {
  const change = (position: number, change: object, seconds: number) =>
    at({ ...updated(position, order(1), { quantity: 1 }), ...change }, seconds);
  const log = addEvents(EMPTY, [
    change(1, {}, 0),
    change(2, { changed: { status: "a" } }, 0),
    change(3, { actor: "Eve" }, 0),
    change(4, { table: "notes", key: { id: 1 } }, 0),
    change(5, {}, 1.9),
    change(6, {}, 4),
    change(7, {}, 59.5),
    change(8, {}, 60),
  ]);
  expect(log.groups.map(({ first, events }) => [first, events])).toEqual([
    [8, 1],
    [7, 1],
    [6, 1],
    [4, 1],
    [3, 1],
    [2, 1],
    [1, 2],
  ]);
});

test("live events continue a group of the server; its rows are unknown until it counts again", () => {
  const page = { ...PAGE, position: 100, before: 1, groups: [group({ events: 90, rows: 40 })] };
  const log = addEvents(openLog(page), many(101, 3));
  expect(log.groups).toMatchObject([{ events: 93, rows: null, last: 103 }]);
  expect(isUncertain(log)).toBe(true);
});

test("the rows of a small group of the server are known", () => {
  const sample = many(1, 3).reverse();
  const groups = [group({ events: 3, rows: 3, last: 3, sample })];
  const log = addEvents(openLog({ ...PAGE, position: 3, groups }), many(4, 9));
  expect(log.groups).toMatchObject([{ events: 12, rows: 9 }]);
});

test("a burst that continues on an earlier page is one entry", () => {
  const operation = "INSERT";
  const part = { operation, columns: null, events: 100, rows: 100 } as const;
  const newest = { ...part, first: 101, last: 200 };
  const log = openLog({ ...PAGE, position: 200, before: 101, groups: [group(newest)] });
  const longer = addOlder(log, {
    ...PAGE,
    position: 200,
    groups: [group({ ...part, last: 100 })],
  });
  expect(longer.groups).toMatchObject([{ events: 200, rows: 200, first: 1, last: 200 }]);
  expect(longer.before).toBeNull();
});

test("however events arrive, each counts once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ row: fc.nat({ max: 9 }), kind: fc.nat({ max: 2 }), pause: fc.nat(3) }), {
        maxLength: 200,
      }),
      fc.nat({ max: 200 }),
      (changes, cut) => {
        let seconds = 0;
        const events = changes.map(({ row, kind, pause }, n) => {
          seconds += pause;
          const make = [inserted, deleted, updated][kind] ?? updated;
          return at(make(n + 1, order(row)), seconds);
        });
        const parts = addEvents(addEvents(EMPTY, events.slice(0, cut)), events.slice(cut));
        const whole = addEvents(EMPTY, events);
        expect(parts).toEqual(whole);
        const total = whole.groups.reduce((sum, { events }) => sum + events, 0);
        expect(total).toBe(events.length);
      },
    ),
  );
});
