import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderIndex } from "@/features/orders/model/order-index";
import { SortedRows, sortFromText, sortToText } from "@/features/orders/model/order-sort";
import { column, order, SCHEMA, schemaOf, SEED } from "../events";

const COLUMNS = SEED.map(({ name }) => name);

const idsOf = (rows: SortedRows) => Array.from({ length: rows.size }, (_, row) => rows.at(row)?.id);
const change = fc.record({
  id: fc.integer({ min: 1, max: 600 }),
  quantity: fc.integer({ min: 1, max: 5 }),
  customer_name: fc.constantFrom("Ann", "Bob", "Cid"),
  stays: fc.boolean(),
});

test("following a changed index gives the same rows as sorting it again", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...COLUMNS),
      fc.boolean(),
      fc.array(fc.array(change, { maxLength: 20 })),
      (column, descending, rounds) => {
        const sort = { column, descending };
        let index = OrderIndex.EMPTY;
        let rows = SortedRows.of(sort, index, SCHEMA);
        for (const round of rounds) {
          index = index.with(
            new Map(
              round.map(({ id, stays, ...rest }) => [id, stays ? order(id, rest) : null] as const),
            ),
          );
          rows = rows.follow(index);
        }
        expect(idsOf(rows)).toEqual(idsOf(SortedRows.of(sort, index, SCHEMA)));
      },
    ),
  );
});

test("a change among 10,000 sorted orders reads each value a few times, instead of sorting again", () => {
  let reads = 0;
  const counted = (id: number, name: string) => ({
    ...order(id),
    get customer_name() {
      reads += 1;
      return name;
    },
  });
  const index = OrderIndex.of(
    Array.from({ length: 10_000 }, (_, id) => counted(id, `C${id % 997}`)),
  );
  const rows = SortedRows.of({ column: "customer_name", descending: false }, index, SCHEMA);
  reads = 0;
  const after = rows.follow(index.with(new Map([[5, counted(5, "A")]])));
  expect(after.at(0)?.id).toBe(5);
  expect(reads).toBeLessThan(4 * index.size);
});

/** The values of one column in the order in which the table sorts them. */
function sorted(kind: "text" | "number" | "timestamp" | "boolean", values: readonly unknown[]) {
  const schema = schemaOf([...SEED, column("extra", { kind })]);
  const orders = values.map((extra, id) => ({ ...order(id), extra }));
  const rows = SortedRows.of({ column: "extra", descending: false }, OrderIndex.of(orders), schema);
  return Array.from({ length: rows.size }, (_, row) => rows.at(row)?.extra);
}

test("text is sorted as people sort it, with accents beside their letters", () => {
  expect(sorted("text", ["Zoë", "émile", "Eva", "Émile"])).toEqual([
    "émile",
    "Émile",
    "Eva",
    "Zoë",
  ]);
});

test("numbers of any size are sorted by value, nulls last", () => {
  const values = [9007199254740993n, 2, null, -1.5, 9007199254740992n, "NaN"];
  const [first, second, ...rest] = sorted("number", values);
  expect([first, second]).toEqual([-1.5, 2]);
  expect(rest).toEqual([9007199254740992n, 9007199254740993n, "NaN", null]);
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

test("equal values are ordered newest first", () => {
  const rows = SortedRows.of(
    { column: "status", descending: false },
    OrderIndex.of([order(1), order(2), order(3, { status: "cancelled" })]),
    SCHEMA,
  );
  expect(idsOf(rows)).toEqual([2, 1, 3]);
});

test.each(COLUMNS)("sorting by %s can be written to the address and read back", (column) => {
  for (const descending of [true, false]) {
    expect(sortFromText(sortToText({ column, descending }))).toEqual({ column, descending });
  }
});
