/**
 * Any delivery that the protocol allows ends in the server's state: snapshots ahead of the stream,
 * repeated events, reconnections, resets, pages loaded in between.
 */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ChangeEvent } from "real-time-orders";
import { EVERYTHING, type OrderFilter } from "@/features/orders/model/order-filter";
import { NEWEST_FIRST } from "@/features/orders/model/order-sort";
import { OrdersFeed } from "@/features/orders/model/orders-feed";
import type { OrdersPage } from "@/lib/protocol";
import {
  deleted,
  inserted,
  matches,
  order,
  SCHEMA,
  type SeedOrder,
  STATUSES,
  truncated,
  updated,
} from "../events";

const PAGE_SIZE = 2;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Orders and their log, where the log may lag behind the rows as the outbox makes it. */
class Database {
  readonly log: ChangeEvent[] = [];
  readonly rows = new Map<number, SeedOrder>();
  logged = 0;

  write(id: number, status: string): void {
    const row = this.rows.get(id);
    const position = this.log.length + 1;
    if (status === "truncated") {
      this.rows.clear();
      this.log.push(truncated(position));
    } else if (status === "deleted") {
      if (row) this.log.push(deleted(position, row));
      this.rows.delete(id);
    } else {
      const next = order(id, { status, version: (row?.version ?? 0) + 1 });
      this.rows.set(id, next);
      this.log.push(row ? updated(position, next) : inserted(position, next));
    }
  }

  takeEvents(count: number): void {
    this.logged = Math.min(this.log.length, this.logged + count);
  }

  page(filter: OrderFilter, cursor: string | null): OrdersPage {
    const found = [...this.rows.values()]
      .filter((row) => matches(filter, row) && (cursor === null || row.id < Number(cursor)))
      .sort((a, b) => Number(b.id) - Number(a.id));
    const orders = found.slice(0, PAGE_SIZE);
    const last = orders.at(-1);
    const next_cursor = last && found.length > PAGE_SIZE ? String(last.id) : null;
    return { stream: "s", position: this.logged, orders, next_cursor };
  }
}

/** A requested page: read from the database at one moment, answered at a later one. */
interface Waiting {
  readonly look: () => OrdersPage;
  seen: OrdersPage | null;
  readonly answer: (page: OrdersPage) => void;
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

const write = fc.record({
  do: fc.constant("write" as const),
  id: fc.integer({ min: 1, max: 12 }),
  status: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...STATUSES) },
    { weight: 3, arbitrary: fc.constant("deleted" as const) },
    { weight: 1, arbitrary: fc.constant("truncated" as const) },
  ),
});
const step = fc.oneof(
  { weight: 10, arbitrary: write },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("take" as const),
      count: fc.integer({ min: 1, max: 6 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      count: fc.integer({ min: 1, max: 6 }),
      again: fc.constantFrom(0, 0, 0, 2),
    }),
  },
  { weight: 5, arbitrary: fc.constant({ do: "more" as const }) },
  { weight: 3, arbitrary: fc.constant({ do: "look" as const }) },
  { weight: 4, arbitrary: fc.constant({ do: "answer" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "reset" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("filter" as const),
      filter: fc.constantFrom<OrderFilter>(EVERYTHING, { ...EVERYTHING, status: "pending" }),
    }),
  },
);

test("I7: after any sequence of deliveries the table equals the server's", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100, size: "max" }), async (steps) => {
      const database = new Database();
      const waiting: Waiting[] = [];
      let delivered = 0;
      const feed = new OrdersFeed({
        filter: EVERYTHING,
        sort: NEWEST_FIRST,
        fetchPage: (filter, { cursor }) =>
          new Promise((answer) => {
            waiting.push({ look: () => database.page(filter, cursor), seen: null, answer });
          }),
        schema: () => SCHEMA,
        onSnapshot: () => undefined,
      });
      const look = () => {
        for (const request of waiting) request.seen ??= request.look();
      };
      const answer = async () => {
        look();
        for (const { seen, answer } of waiting.splice(0)) if (seen) answer(seen);
        await settle();
      };
      const deliver = (count: number, again: number) => {
        const upTo = Math.min(database.logged, delivered + count);
        feed.receive(database.log.slice(Math.max(0, delivered - again), upTo));
        delivered = Math.max(delivered, upTo);
      };

      const reload = () => {
        feed.reload();
        vi.advanceTimersByTime(1000);
      };

      reload();
      for (const now of steps) {
        if (now.do === "write") database.write(now.id, now.status);
        else if (now.do === "take") database.takeEvents(now.count);
        else if (now.do === "deliver") deliver(now.count, now.again);
        else if (now.do === "look") look();
        else if (now.do === "answer") await answer();
        else if (now.do === "more") feed.loadMore();
        else if (now.do === "filter") feed.setFilter(now.filter);
        else {
          // The events in between are lost; the gateway continues from its position.
          delivered = database.logged;
          reload();
        }
      }
      database.takeEvents(Infinity);
      while (waiting.length > 0) await answer();
      deliver(Infinity, 0);
      const { table } = feed.state.get();
      const expected = [...database.rows.values()]
        .filter((row) => matches(table.filter, row) && row.id >= table.floor)
        .sort((a, b) => Number(b.id) - Number(a.id));
      feed.stop();
      expect([...table.orders]).toEqual(expected);
    }),
    { numRuns: 2000 },
  );
});
