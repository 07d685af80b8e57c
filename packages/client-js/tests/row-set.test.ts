import { expect, test } from "vitest";
import type { Row } from "../src/row.ts";
import { orderOf, RowSet } from "../src/row-set.ts";
import type { Kind } from "../src/schema.ts";
import { column, order, ORDERS_TABLE, updated } from "./events.ts";

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
