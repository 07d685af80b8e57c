import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Operation } from "real-time-orders";
import { ActivityFeed } from "@/features/activity/model/activity-feed";
import { entriesOf } from "@/features/activity/model/activity-log";
import type { ActivityPage } from "@/lib/protocol";
import { deleted, inserted, order, updated } from "../events";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);

/** A server whose log has so many insertions, and a deletion before them. */
function server(position: number) {
  const asked: { before: number | null; operations: readonly Operation[] }[] = [];
  const time = inserted(1, order(1)).changed_at;
  const group = {
    table: "orders",
    actor: null,
    columns: null,
    began_at: time,
    ended_at: time,
  };
  const fetch = (before: number | null, operations: readonly Operation[]) => {
    asked.push({ before, operations });
    const wantsDeleted = operations.includes("DELETE");
    const page: ActivityPage = {
      stream: "s",
      position,
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
  return { feed: new ActivityFeed(fetch), asked };
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
  feed.show("deleted");
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
