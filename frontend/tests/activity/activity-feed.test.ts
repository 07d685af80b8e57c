import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ActivityFeed } from "@/features/activity/model/activity-feed";
import { EVERY_CHANGE, type Wanted } from "@/features/activity/model/activity-filter";
import { entriesOf } from "@/features/activity/model/activity-log";
import type { ActivityPage } from "@/lib/protocol";
import { deleted, inserted, order, updated } from "../events";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const VISIT = { stream: "s", position: 91, at: "2026-11-22T11:12:00Z" };

const settle = () => vi.advanceTimersByTimeAsync(0);

/** A server whose log has so many insertions, and a deletion before them. */
function server(position: number) {
  const asked: (Wanted & { before: number | null })[] = [];
  const time = inserted(1, order(1)).changed_at;
  const group = {
    table: "orders",
    actor: null,
    columns: null,
    began_at: time,
    ended_at: time,
  };
  const fetch = (before: number | null, wanted: Wanted) => {
    asked.push({ before, ...wanted });
    const wantsDeleted = wanted.operations.includes("DELETE");
    const page: ActivityPage = {
      stream: "s",
      position,
      log_first: 1,
      log_since: time,
      before: before === null && !wantsDeleted ? 2 : null,
      groups:
        before === null && !wantsDeleted
          ? [
              {
                ...group,
                operation: "INSERT",
                events: position - 1,
                rows: position - 1,
                first: 2,
                last: position,
                sample: [],
              },
            ]
          : [
              {
                ...group,
                operation: "DELETE",
                events: 1,
                rows: 1,
                first: 1,
                last: 1,
                sample: [deleted(1, order(1))],
              },
            ],
    };
    return Promise.resolve(page);
  };
  const circumstances = { now: () => Date.now(), visit: () => VISIT, stream: () => "s" };
  return { feed: new ActivityFeed(fetch, circumstances), asked };
}

const shown = (feed: ActivityFeed) => {
  const { log } = feed.state.get();
  return log && entriesOf(log).map(({ key }) => Number(key));
};

test("earlier groups are requested, and follow the newest", async () => {
  const { feed, asked } = server(90);
  feed.restart();
  await settle();
  expect(shown(feed)).toEqual([2]);
  await feed.loadOlder();
  expect(shown(feed)).toEqual([2, 1]);
  expect(feed.hasOlder).toBe(false);
  expect(asked.map(({ before }) => before)).toEqual([null, 2]);
});

test("the server is asked for deletions, live ones are added, others are not", async () => {
  const { feed, asked } = server(90);
  feed.restart();
  await settle();
  feed.show({ ...EVERY_CHANGE, kind: "deleted" });
  await settle();
  expect(asked.at(-1)?.operations).toEqual(["DELETE", "TRUNCATE"]);
  feed.receive([inserted(91, order(9)), deleted(92, order(8))], false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown(feed)).toEqual([92, 1]);
  expect(feed.state.get().log?.groups[0]).toMatchObject({ events: 2, rows: 2 });
});

test("a paused list does not move and counts what arrives", async () => {
  const { feed } = server(90);
  feed.restart();
  await settle();
  feed.pause(true);
  feed.receive([inserted(91, order(9)), deleted(92, order(8))], false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown(feed)).toEqual([2]);
  expect(feed.state.get().waiting).toBe(2);
  feed.pause(false);
  expect(shown(feed)).toEqual([92, 2]);
  expect(feed.state.get().waiting).toBe(0);
});

test("the server counts again after conflated events, and after a burst it began to count", async () => {
  const { feed, asked } = server(90);
  feed.restart();
  await settle();
  feed.receive([updated(91, order(9))], true);
  await vi.advanceTimersByTimeAsync(6000);
  expect(asked).toHaveLength(2);
  const long = Array.from({ length: 20_000 }, (_, n) => updated(100 + n, order(n)));
  feed.receive(long, false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(feed.state.get().log?.groups[0]).toMatchObject({ events: 20_000, rows: null });
  await vi.advanceTimersByTimeAsync(6000);
  expect(asked).toHaveLength(3);
});

test("what came since the last visit is asked for by its position; live events follow", async () => {
  const { feed, asked } = server(90);
  feed.show({ ...EVERY_CHANGE, when: "visit", by: "Anna" });
  expect(asked).toEqual([]); // nothing is asked for before the stream is known
  feed.restart();
  await settle();
  expect(asked).toMatchObject([{ before: null, after: 91, actor: "Anna" }]);
  const byAnna = { ...inserted(93, order(9)), actor: "Anna" };
  feed.receive([{ ...byAnna, position: 91 }, inserted(92, order(8)), byAnna], false);
  await vi.advanceTimersByTimeAsync(1000);
  expect(shown(feed)).toContain(93);
  expect(shown(feed)).not.toContain(92);
});

test("the list says where the log begins, if changes that are asked for are gone", async () => {
  const { feed } = server(90);
  feed.restart();
  await settle();
  expect(feed.isCutShort).toBe(false);
  const log = feed.state.get().log;
  if (!log) throw new Error("nothing was loaded");
  const change = (oldest: number) =>
    feed.state.set({ ...feed.state.get(), log: { ...log, before: null, oldest } });
  change(50);
  expect(feed.isCutShort).toBe(true);
  feed.show({ ...EVERY_CHANGE, when: "visit" });
  change(92);
  expect(feed.isCutShort).toBe(false);
  change(93);
  expect(feed.isCutShort).toBe(true);
});
