import { expect, test } from "vitest";
import { EMPTY_LOG, logBreak, logEvents, logOlder } from "@/features/activity/model/activity-log";
import { deleted, inserted, order, updated } from "../events";

const many = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) => updated(from + at, order(at, { version: 2 })));

test("the newest entry is first", () => {
  const log = logEvents(EMPTY_LOG, [inserted(1, order(1)), deleted(2, order(1))]);
  expect(log.entries.map(({ key }) => key)).toEqual(["2", "1"]);
});

test("an event is added once", () => {
  const log = logEvents(EMPTY_LOG, [inserted(1, order(1))]);
  expect(logEvents(log, [inserted(1, order(1))])).toBe(log);
});

test("many events of one kind become one growing entry", () => {
  const log = logEvents(logEvents(EMPTY_LOG, many(1, 1000)), many(1001, 9000));
  expect(log.entries).toHaveLength(1);
  expect(log.entries[0]).toMatchObject({ kind: "burst", count: 10_000, first: 1, last: 10_000 });
});

test("a single event has its own entry", () => {
  const log = logEvents(logEvents(EMPTY_LOG, many(1, 50)), [inserted(51, order(90))]);
  expect(log.entries.map(({ kind }) => kind)).toEqual(["single", "burst"]);
});

test("under a mixed load each kind of change has one growing entry", () => {
  let log = EMPTY_LOG;
  for (let round = 0; round < 20; round += 1) {
    const events = Array.from({ length: 100 }, (_, at) => {
      const position = round * 100 + at + 1;
      return at % 3 === 0 ? inserted(position, order(position)) : updated(position, order(at));
    });
    log = logEvents(log, events);
  }
  expect(log.entries.map((entry) => entry.kind === "burst" && entry.count)).toEqual([680, 1320]);
});

test("only older events are appended", () => {
  const log = logEvents(EMPTY_LOG, [inserted(5, order(5))]);
  const older = logOlder(log, [
    inserted(3, order(3)),
    inserted(4, order(4)),
    inserted(5, order(5)),
  ]);
  expect(older.entries.map(({ key }) => key)).toEqual(["5", "4", "3"]);
  expect(older).toMatchObject({ oldest: 3, position: 5 });
});

test("the log has at most 200 entries", () => {
  let log = EMPTY_LOG;
  for (let position = 1; position < 2000; position += 2) {
    log = logEvents(log, [inserted(position, order(1)), deleted(position + 1, order(1))]);
  }
  expect(log.entries).toHaveLength(200);
  expect(log.position).toBe(2000);
});

test("after a gap positions continue from there, even if they are lower", () => {
  const log = logBreak(logEvents(EMPTY_LOG, many(100, 3)), "unknown_stream", 0);
  const after = logEvents(log, [inserted(1, order(1))]);
  expect(after.entries.slice(0, 2).map(({ kind }) => kind)).toEqual(["single", "break"]);
});
