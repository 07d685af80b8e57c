import { beforeEach, expect, test } from "vitest";
import { Children } from "../src/children.ts";
import type { Operation } from "../src/messages.ts";
import type { Row } from "../src/row.ts";
import { column, event } from "./events.ts";

let lines: Children;
let position: number;

const number = (name: string) => column(name, { type: "bigint", kind: "integer" });
const TABLE = {
  name: "lines",
  key: ["id"],
  parent: { table: "orders", column: "order_id" },
  columns: [number("id"), number("order_id"), column("product"), number("version")],
};

beforeEach(() => {
  position = 0;
  lines = new Children(TABLE);
});

const line = (id: number, order: number | null, change: Row = {}): Row => ({
  id,
  order_id: order,
  product: "Lamp",
  version: 1,
  ...change,
});

/** Each argument is one event: what happened, and the row, or for a DELETE the row that was. */
const apply = (...happened: (readonly [Operation, Row?])[]) =>
  lines.apply(happened.map(toEvent), false);

const toEvent = ([operation, row]: readonly [Operation, Row?]) => {
  position += 1;
  const isGone = operation === "DELETE" || operation === "LEAVE";
  return event(position, {
    table: "lines",
    operation,
    key: row ? { id: row.id } : null,
    row: isGone ? null : (row ?? null),
    changed: isGone ? (row ?? null) : null,
  });
};

const ids = (order: number) => (lines.of(String(order)).lines as Row[]).map(({ id }) => id);

test("lists come from a page of parents, in the order of their keys", () => {
  const orders = [
    { id: 1, lines: [line(10, 1), line(9, 1)], "lines.more": true },
    { id: 2, lines: [] },
    { id: 3 },
  ];
  lines.load(orders, ["id"]);
  expect(lines.of("1")).toEqual({ lines: [line(9, 1), line(10, 1)], "lines.more": true });
  expect(lines.of("2")).toEqual({ lines: [] });
  expect(lines.of("3")).toEqual({ lines: [] });
});

test("the columns of a key order the rows, whatever their names", () => {
  lines = new Children({ ...TABLE, key: ["order_id", "place"], columns: [number("place")] });
  const rows = [10, 2, 1].map((place) => ({ order_id: 1, place }));
  lines.load([{ id: 1, lines: rows }], ["id"]);
  expect(lines.of("1").lines).toEqual(rows.toReversed());
});

test("a child appears, changes and goes; its parent is told of", () => {
  expect([...apply(["INSERT", line(11, 1)], ["INSERT", line(10, 1)])]).toEqual(["1"]);
  expect(ids(1)).toEqual([10, 11]);
  expect([...apply(["UPDATE", line(10, 1, { product: "Desk", version: 2 })])]).toEqual(["1"]);
  expect(lines.of("1").lines).toContainEqual(line(10, 1, { product: "Desk", version: 2 }));
  expect([...apply(["DELETE", line(10, 1)])]).toEqual(["1"]);
  expect(ids(1)).toEqual([11]);
  expect([...apply(["LEAVE", line(11, 1)])]).toEqual(["1"]);
  expect(ids(1)).toEqual([]);
});

test("a child that moves is with its new parent only; without a parent it is with none", () => {
  apply(["INSERT", line(10, 1)], ["INSERT", line(11, 1)]);
  expect([...apply(["UPDATE", line(10, 2, { version: 2 })])].sort()).toEqual(["1", "2"]);
  expect([ids(1), ids(2)]).toEqual([[11], [10]]);
  expect([...apply(["UPDATE", line(10, null, { version: 3 })])]).toEqual(["2"]);
  expect(ids(2)).toEqual([]);
});

test("the removal of a child that nobody knows changes nothing", () => {
  expect(apply(["DELETE", line(10, 1)]).size).toBe(0);
});

test("TRUNCATE empties every list; what follows it counts", () => {
  lines.load([{ id: 1, lines: [line(10, 1)], "lines.more": true }], ["id"]);
  apply(["INSERT", line(11, 2)]);
  const touched = apply(["TRUNCATE"], ["INSERT", line(12, 2)]);
  expect([...touched].sort()).toEqual(["1", "2"]);
  expect(lines.of("1")).toEqual({ lines: [] });
  expect(ids(2)).toEqual([12]);
});

test("an event older than the loaded row changes nothing, unless it is conflated", () => {
  const newer = line(10, 1, { product: "Desk", version: 5 });
  const older = line(10, 2, { version: 4 });
  lines.load([{ id: 1, lines: [newer] }], ["id"]);
  apply(["UPDATE", older]);
  expect([lines.of("1").lines, ids(2)]).toEqual([[newer], []]);
  lines.apply([toEvent(["UPDATE", older])], true);
  expect([ids(1), lines.of("2").lines]).toEqual([[], [older]]);
});

test("rows without versions take every event", () => {
  const bare = { id: 10, order_id: 1, product: "Lamp" };
  apply(["INSERT", bare], ["UPDATE", { ...bare, product: "Desk" }]);
  expect(lines.of("1").lines).toEqual([{ ...bare, product: "Desk" }]);
});

test("the children of parents that are no longer there are forgotten", () => {
  lines.load(
    [
      { id: 1, lines: [line(10, 1)], "lines.more": true },
      { id: 2, lines: [line(11, 2)] },
    ],
    ["id"],
  );
  lines.prune((parent) => parent === "2");
  expect(lines.of("1")).toEqual({ lines: [] });
  expect(ids(2)).toEqual([11]);
  expect(apply(["DELETE", line(10, 1)]).size).toBe(0);
});
