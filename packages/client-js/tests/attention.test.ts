import { expect, test } from "vitest";
import { attends, attentionOf, sinceOf } from "../src/attention.ts";
import { orderOf } from "../src/row-set.ts";
import type { Table } from "../src/schema.ts";
import { column, order } from "./events.ts";

const DATED = { type: "timestamp with time zone", kind: "timestamp" } as const;
const status = column("status", {
  kind: "choice",
  choices: ["pending", "shipped"],
  waiting: { pending: { warn_seconds: 60, late_seconds: 120 } },
  since: "status_changed_at",
});
const TABLE: Table = {
  name: "orders",
  key: ["id"],
  parent: null,
  columns: [
    column("id", { type: "bigint", kind: "integer" }),
    status,
    column("updated_at", DATED),
    column("status_changed_at", { ...DATED, nullable: true }),
  ],
};
const NOON = Date.parse("2026-11-22T12:00:00Z");
const ago = (seconds: number) => new Date(NOON - seconds * 1000).toISOString();
const waited = (seconds: number, change = {}) =>
  order(1, { status_changed_at: ago(seconds), updated_at: ago(0), ...change });

test.each([
  [59, null],
  [60, "warn"],
  [119, "warn"],
  [120, "late"],
])("after %d seconds an order is %s", (seconds, expected) => {
  expect(attentionOf(waited(seconds), status, TABLE, NOON)).toBe(expected);
});

test("only a status with thresholds needs attention", () => {
  expect(attentionOf(waited(900, { status: "shipped" }), status, TABLE, NOON)).toBeNull();
  expect(attentionOf(waited(900), { ...status, waiting: null }, TABLE, NOON)).toBeNull();
});

test("updated_at stands in for a date that is not known, or not kept", () => {
  const unknown = order(1, { status_changed_at: null, updated_at: ago(130) });
  expect(sinceOf(unknown, status, TABLE)).toBe(ago(130));
  expect(sinceOf(waited(5), { ...status, since: null }, TABLE)).toBe(ago(0));
  expect(sinceOf(order(1), status, TABLE)).toBeNull();
});

test("what is late needs attention, and the clock moves", () => {
  let now = NOON;
  const warn = attends("warn", TABLE, () => now);
  const late = attends("late", TABLE, () => now);
  expect([warn?.(waited(70)), late?.(waited(70))]).toEqual([true, false]);
  now += 60_000;
  expect([warn?.(waited(70)), late?.(waited(70))]).toEqual([true, true]);
  expect(attends(undefined, TABLE, () => now)).toBeUndefined();
});

test("rows are sorted by what stands in for an unknown date", () => {
  const rows = [
    order(1, { status_changed_at: ago(10), updated_at: ago(1) }),
    order(2, { status_changed_at: null, updated_at: ago(500) }),
    order(3, { status_changed_at: ago(90), updated_at: ago(2) }),
  ];
  const { compare } = orderOf(TABLE, "status_changed_at");
  expect(rows.sort(compare).map(({ id }) => id)).toEqual([2, 3, 1]);
});
