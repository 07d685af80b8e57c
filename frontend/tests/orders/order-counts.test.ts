import fc from "fast-check";
import { expect, test } from "vitest";
import type { ChangeEvent, Filter } from "real-time-orders";
import {
  countEvents,
  matchingIn,
  openCounts,
  statusesIn,
} from "@/features/orders/model/order-counts";
import {
  EVERYTHING,
  onlyCustomer,
  type OrderFilter,
  restMatcherOf,
  withStatus,
} from "@/features/orders/model/order-filter";
import {
  column,
  deleted,
  inserted,
  order,
  SCHEMA,
  schemaOf,
  SEED,
  type SeedOrder,
  STATUSES,
  truncated,
  updated,
} from "../events";

const step = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  status: fc.constantFrom(...STATUSES, "on_hold"),
  customer_name: fc.constantFrom("Ann", "Bob"),
  fate: fc.constantFrom("write", "write", "write", "delete", "truncate"),
});
const filters = fc.constantFrom<OrderFilter>(EVERYTHING, onlyCustomer("Ann", SCHEMA), {
  ...EVERYTHING,
  search: "bo",
});

test("applying events to the counts equals counting the rows", () => {
  fc.assert(
    fc.property(fc.array(step), filters, (steps, filter) => {
      const rows = new Map<number, SeedOrder>();
      const events = steps.flatMap(({ id, status, customer_name, fate }, at): ChangeEvent[] => {
        const before = rows.get(id);
        if (fate === "truncate") {
          rows.clear();
          return [truncated(at + 1)];
        }
        if (fate === "delete") {
          rows.delete(id);
          return before ? [deleted(at + 1, before)] : [];
        }
        const after = order(id, { status, customer_name, version: (before?.version ?? 0) + 1 });
        rows.set(id, after);
        if (!before) return [inserted(at + 1, after)];
        const { status: was, customer_name: name } = before;
        return [updated(at + 1, after, { status: was, customer_name: name })];
      });
      const matches = restMatcherOf(filter, SCHEMA);
      const expected = new Map<string, number>();
      for (const row of rows.values()) {
        if (matches(row)) expected.set(row.status, (expected.get(row.status) ?? 0) + 1);
      }
      const opened = openCounts({ stream: "s", position: 0, time: "", counts: {} });
      const counts = countEvents(opened, events, SCHEMA, matches);
      expect(new Map([...counts].filter(([, count]) => count > 0))).toEqual(expected);
    }),
  );
});

test("I10: a status that the schema does not declare has a count and a tab", () => {
  const counts = new Map([
    ["on_hold", 2],
    ["gone", 0],
  ]);
  expect(statusesIn(SCHEMA, counts, EVERYTHING)).toEqual([...STATUSES, "on_hold"]);
  const lost = withStatus(EVERYTHING, SCHEMA, "lost");
  expect(statusesIn(SCHEMA, null, lost)).toEqual([...STATUSES, "lost"]);
});

test("of the counts of every status, those that the filter admits are added up", () => {
  const counts = new Map([
    ["pending", 3],
    ["shipped", 4],
    ["", 5],
  ]);
  const total = (status: Filter[string]) =>
    matchingIn(counts, { ...EVERYTHING, conditions: { status } }, SCHEMA);
  expect(matchingIn(counts, EVERYTHING, SCHEMA)).toBe(12);
  expect(total(["pending", null])).toBe(8);
  expect(total({ not: "pending" })).toBe(9);
});

test("I10: without a status column every order counts, under no status", () => {
  const schema = schemaOf(SEED.filter(({ name }) => name !== "status"));
  const counts = countEvents(new Map(), [inserted(1, order(1))], schema, () => true);
  expect([...counts]).toEqual([["", 1]]);
});

test("without a status column there is no status to choose", () => {
  const own = schemaOf([column("id"), column("note")]);
  expect(statusesIn(own, new Map([["", 40]]), EVERYTHING)).toEqual([]);
});
