/**
 * Any delivery that the protocol allows ends in the server's state: snapshots ahead of the stream,
 * repeated events, resets, pages loaded in between.
 */
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/http.ts";
import { toJson } from "../src/json.ts";
import { LiveTable } from "../src/live-table.ts";
import type { TableOptions } from "../src/table-state.ts";
import type { ChangeEvent } from "../src/messages.ts";
import { orderOf } from "../src/row-set.ts";
import { SchemaFeed } from "../src/schema-feed.ts";
import {
  deleted,
  inserted,
  order,
  ORDERS_TABLE,
  type SeedOrder,
  truncated,
  updated,
} from "./events.ts";

const STATUSES = ["pending", "shipped", "cancelled"] as const;
const PAGE_SIZE = 2;
/** Longer than whatever waits for silence. */
const QUIET_MS = 3000;
const VIEWS: readonly TableOptions[] = [
  {},
  { limit: 3 },
  { filter: { status: ["pending"] } },
  { filter: { status: ["pending"] }, limit: 2 },
  { sort: "quantity", limit: 4 },
  { sort: "status,-quantity", limit: 4 },
  { sort: "-quantity", filter: { status: { not: "shipped" } }, limit: 3 },
  { limit: 3, window: 5 },
  { sort: "status,-quantity", limit: 2, window: 4 },
  { sort: "-quantity", filter: { status: { not: "shipped" } }, limit: 2, window: 3 },
];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Orders and their log, where the log may lag behind the rows as the outbox makes it. */
class Database {
  readonly log: ChangeEvent[] = [];
  readonly rows = new Map<number, SeedOrder>();
  logged = 0;

  write(id: number, status: string, quantity: number): void {
    const row = this.rows.get(id);
    const position = this.log.length + 1;
    if (status === "truncated") {
      this.rows.clear();
      this.log.push(truncated(position));
    } else if (status === "deleted") {
      if (row) this.log.push(deleted(position, row));
      this.rows.delete(id);
    } else {
      const next = order(id, { status, quantity, version: (row?.version ?? 0) + 1 });
      this.rows.set(id, next);
      this.log.push(row ? updated(position, next, row) : inserted(position, next));
    }
  }

  takeEvents(count: number): void {
    this.logged = Math.min(this.log.length, this.logged + count);
  }

  /** The rows of a view in order. */
  view({ filter = {}, sort }: TableOptions): SeedOrder[] {
    const { status } = filter;
    const matches = (row: SeedOrder) =>
      status === undefined ||
      (Array.isArray(status) ? row.status === "pending" : row.status !== "shipped");
    return [...this.rows.values()].filter(matches).sort(orderOf(ORDERS_TABLE, sort).compare);
  }

  page(options: TableOptions, query: URLSearchParams): object {
    const cursor = query.get("cursor");
    const { compare } = orderOf(ORDERS_TABLE, options.sort);
    const after = cursor === null ? null : (JSON.parse(cursor) as SeedOrder);
    const offset = Number(query.get("offset") ?? 0);
    const found = this.view(options)
      .filter((row) => after === null || compare(row, after) > 0)
      .slice(offset);
    const size = Math.min(offset > 0 ? Infinity : PAGE_SIZE, Number(query.get("limit")));
    const orders = found.slice(0, size);
    const next_cursor = found.length > size ? JSON.stringify(orders.at(-1)) : null;
    return { stream: "s", position: this.logged, orders, next_cursor };
  }
}

/** A requested page: read from the database at one moment, answered at a later one. */
interface Waiting {
  readonly look: () => object;
  seen: object | null;
  readonly answer: (page: Response) => void;
}

const settle = async () => {
  for (let turn = 0; turn < 30; turn += 1) await Promise.resolve();
};

const write = fc.record({
  do: fc.constant("write" as const),
  id: fc.integer({ min: 1, max: 12 }),
  quantity: fc.integer({ min: 1, max: 4 }),
  status: fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...STATUSES) },
    { weight: 3, arbitrary: fc.constant("deleted" as const) },
    { weight: 1, arbitrary: fc.constant("truncated" as const) },
  ),
});
const count = fc.integer({ min: 1, max: 6 });
const step = fc.oneof(
  { weight: 10, arbitrary: write },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("take" as const), count }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      count,
      again: fc.constantFrom(0, 0, 0, 2),
      conflated: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: "more" as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("show" as const),
      first: fc.integer({ min: 0, max: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: "look" as const }) },
  { weight: 4, arbitrary: fc.constant({ do: "answer" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "reset" as const }) },
);

/** The newest event of each row, as a conflated frame holds them. */
const newestOf = (events: readonly ChangeEvent[]): ChangeEvent[] => {
  const start = events.findLastIndex(({ operation }) => operation === "TRUNCATE");
  const left = events.slice(Math.max(0, start));
  return left.filter(
    (event, at) => !left.slice(at + 1).some((it) => it.order_id === event.order_id),
  );
};

test("I7: after any sequence of deliveries the table equals the server's", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...VIEWS),
      fc.array(step, { maxLength: 80, size: "max" }),
      async (options, steps) => {
        const database = new Database();
        const waiting: Waiting[] = [];
        let delivered = 0;
        const fetch = (url: unknown) => {
          const { pathname, searchParams } = new URL(String(url));
          if (pathname === "/api/schema") {
            return Promise.resolve(Response.json({ version: "v", tables: [ORDERS_TABLE] }));
          }
          const look = () => database.page(options, searchParams);
          return new Promise<Response>((answer) => void waiting.push({ look, seen: null, answer }));
        };
        const api = new Api({ url: "http://shop", fetch });
        const schema = new SchemaFeed(api);
        await schema.ensure();
        const table = new LiveTable<SeedOrder>(
          {
            api,
            schema,
            connected: () => ({ phase: "live", lost: 0, heardAt: 0 }),
            attach: (attached) => attached.reload(),
            detach: (detached) => detached.stop(),
            now: Date.now,
            follow: () => true,
            failed: () => undefined,
          },
          "orders",
          options,
        );
        const unsubscribe = table.subscribe(() => undefined);
        await vi.advanceTimersByTimeAsync(0);
        const look = () => {
          for (const request of waiting) request.seen ??= request.look();
        };
        const answer = async () => {
          look();
          for (const { seen, answer } of waiting.splice(0)) answer(Response.json(seen));
          await settle();
        };
        const deliver = (count: number, again: number, conflated: boolean) => {
          const upTo = Math.min(database.logged, delivered + count);
          if (upTo === delivered) return;
          const events = database.log.slice(Math.max(0, delivered - (conflated ? 0 : again)), upTo);
          table.receive(conflated ? newestOf(events) : events, conflated);
          delivered = upTo;
        };
        for (const now of steps) {
          if (now.do === "write") database.write(now.id, now.status, now.quantity);
          else if (now.do === "take") database.takeEvents(now.count);
          else if (now.do === "deliver") deliver(now.count, now.again, now.conflated);
          else if (now.do === "look") look();
          else if (now.do === "answer") await answer();
          else if (now.do === "more") table.loadMore(2);
          else if (now.do === "show") table.show(now.first, now.first + 2);
          else {
            // The events in between are lost; the gateway continues from its position.
            delivered = database.logged;
            table.reload("slow");
            await vi.advanceTimersByTimeAsync(1000);
          }
        }
        database.takeEvents(Infinity);
        deliver(Infinity, 0, false);
        await vi.advanceTimersByTimeAsync(QUIET_MS);
        while (waiting.length > 0) {
          await answer();
          await vi.advanceTimersByTimeAsync(QUIET_MS);
        }
        const expected = database.view(options);
        const { rows, state } = table;
        const { start } = state;
        unsubscribe();
        table.stop();
        const held = expected.slice(start, start + rows.length);
        expect(rows.map(toJson)).toEqual(held.map(toJson));
        expect(start === 0 || rows.length > 0).toBe(true);
        expect(rows.length).toBeGreaterThanOrEqual(
          Math.min(options.limit ?? Infinity, expected.length - start),
        );
        expect(rows.length).toBeLessThanOrEqual(options.window ?? Infinity);
        // A row that moved in front of the limit may have been the only one behind it.
        expect(state.hasMore || expected.length <= start + rows.length).toBe(true);
      },
    ),
    { numRuns: 600 },
  );
});
