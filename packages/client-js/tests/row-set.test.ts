import fc from "fast-check";
import { expect, test } from "vitest";
import type { Row } from "../src/row.ts";
import { orderOf, RowSet } from "../src/row-set.ts";
import type { Kind } from "../src/schema.ts";
import { column, deleted, inserted, order, ORDERS_TABLE, updated } from "./events.ts";

/** The values of one column in the order in which a table shows them. */
function sorted(kind: Kind, values: readonly unknown[]): unknown[] {
  const table = { key: ["id"], columns: [...ORDERS_TABLE.columns, column("extra", { kind })] };
  const rows = values.map((extra, id): Row => ({ id, extra }));
  return rows.sort(orderOf(table, "extra").compare).map(({ extra }) => extra);
}

test("text is sorted as people sort it, with accents beside their letters", () => {
  const names = ["émile", "Émile", "Eva", "Zoë"];
  expect(sorted("text", ["Zoë", "émile", "Eva", "Émile"])).toEqual(names);
});

test("numbers of any size are sorted by value, nulls last", () => {
  const values = [9007199254740993n, 2, null, -1.5, 9007199254740992n, "NaN"];
  const numbers = [-1.5, 2, 9007199254740992n, 9007199254740993n, "NaN", null];
  expect(sorted("number", values)).toEqual(numbers);
});

test("odd times are sorted as PostgreSQL sorts them", () => {
  const times = [
    "-infinity",
    "0044-03-15T00:00:00+00:00 BC",
    "0001-01-01T00:00:00+00:00",
    "2026-11-22T11:12:52+00:00",
    "2026-11-22T11:12:52.7+00:00",
    "2026-11-22T11:12:52.70211+00:00",
    "20000-01-01T00:00:00+00:00",
    "infinity",
  ];
  expect(sorted("timestamp", times.toReversed())).toEqual(times);
});

test("a change among 10,000 rows reads each value a few times, instead of sorting again", () => {
  let reads = 0;
  const counted = (id: number, customer: string, version = 1) => ({
    ...order(id, { version }),
    get customer_name() {
      reads += 1;
      return customer;
    },
  });
  const view = { key: ["id"], matches: () => true, ...orderOf(ORDERS_TABLE, "customer_name") };
  const rows = Array.from({ length: 10_000 }, (_, id) => counted(id, `C${id % 997}`));
  const set = new RowSet<Row>(view, { stream: "s", position: 1, rows, next_cursor: null });
  reads = 0;
  set.apply([updated(2, counted(5, "A", 2))]);
  expect(set.rows[0]?.id).toBe(5);
  expect(reads).toBeLessThan(4 * rows.length);
});

test("I7: rows in the middle of a list keep their range and their place, whatever happens around them", () => {
  const change = fc.record({
    id: fc.integer({ min: 1, max: 30 }),
    quantity: fc.integer({ min: 1, max: 5 }),
    status: fc.constantFrom("pending", "pending", "shipped", "deleted"),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(undefined, "quantity", "-quantity,id"),
      fc.array(change, { maxLength: 40 }),
      (sort, changes) => {
        const matches = ({ status }: Row) => status === "pending";
        const view = { key: ["id"], matches, ...orderOf(ORDERS_TABLE, sort) };
        const known = new Map(
          Array.from({ length: 20 }, (_, at) => [at, order(at, { quantity: at % 4 })] as const),
        );
        const list = () => [...known.values()].filter(matches).sort(view.compare);
        const [first, last] = [list()[8], list()[13]];
        const page = { stream: "s", position: 0, rows: list().slice(8, 14), next_cursor: "more" };
        const set = new RowSet<Row>(view, page, 8);
        changes.forEach(({ id, ...values }, at) => {
          const before = known.get(id);
          const after = order(id, { ...values, version: (before?.version ?? 0) + 1 });
          if (values.status !== "deleted") known.set(id, after);
          else known.delete(id);
          if (values.status !== "deleted") {
            set.apply([before ? updated(at + 1, after, before) : inserted(at + 1, after)]);
          } else if (before) set.apply([deleted(at + 1, before)]);
          const inRange = (row: Row) =>
            view.compare(row, first ?? row) >= 0 && view.compare(row, last ?? row) <= 0;
          expect(set.rows).toEqual(list().filter(inRange));
          expect(set.start).toBe(
            list().filter((row) => view.compare(row, first ?? row) < 0).length,
          );
        });
      },
    ),
  );
});

test("what a conflated frame did in front of the rows is not known, and is read again", () => {
  const view = { key: ["id"], matches: () => true, ...orderOf(ORDERS_TABLE, undefined) };
  const page = { stream: "s", position: 1, rows: [order(5), order(4)], next_cursor: "more" };
  const set = new RowSet<Row>(view, page, 3);
  expect(set.apply([inserted(2, order(9))])).toBe(false);
  expect(set.start).toBe(4);
  expect(set.apply([updated(3, order(9, { version: 2 }))], true)).toBe(true);
});

test("rows in front are added only where they join", () => {
  const view = { key: ["id"], matches: () => true, ...orderOf(ORDERS_TABLE, undefined) };
  const page = (ids: readonly number[]) => ({
    stream: "s",
    position: 1,
    rows: ids.map((id) => order(id)),
    next_cursor: "more",
  });
  const set = new RowSet<Row>(view, page([5, 4]), 3);
  expect(set.prepend(page([8, 7]), 0)).toBe(false); // 6 may be there, or not
  expect(set.prepend(page([7, 6, 5]), 1)).toBe(true);
  expect([set.start, ...set.rows.map(({ id }) => id)]).toEqual([1, 7, 6, 5, 4]);
});
