import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderIndex } from "@/features/orders/model/order-index";
import {
  SORT_COLUMNS,
  SortedRows,
  sortFromText,
  sortToText,
} from "@/features/orders/model/order-sort";
import { order } from "../events";

const idsOf = (rows: SortedRows) => Array.from({ length: rows.size }, (_, row) => rows.at(row)?.id);
const change = fc.record({
  id: fc.integer({ min: 1, max: 600 }),
  quantity: fc.integer({ min: 1, max: 5 }),
  customer_name: fc.constantFrom("Ann", "Bob", "Cid"),
  stays: fc.boolean(),
});

test("whatever changes, following costs the same as sorting anew", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SORT_COLUMNS),
      fc.boolean(),
      fc.array(fc.array(change, { maxLength: 20 })),
      (column, descending, rounds) => {
        const sort = { column, descending };
        let index = OrderIndex.EMPTY;
        let rows = SortedRows.of(sort, index);
        for (const round of rounds) {
          index = index.with(
            new Map(
              round.map(({ id, stays, ...rest }) => [id, stays ? order(id, rest) : null] as const),
            ),
          );
          rows = rows.follow(index);
        }
        expect(idsOf(rows)).toEqual(idsOf(SortedRows.of(sort, index)));
      },
    ),
  );
});

test("a change among 100,000 sorted orders costs a few milliseconds", () => {
  const index = OrderIndex.of(
    Array.from({ length: 100_000 }, (_, id) => order(id, { customer_name: `C${id % 997}` })),
  );
  const rows = SortedRows.of({ column: "customer_name", descending: false }, index);
  const began = performance.now();
  const after = rows.follow(index.with(new Map([[5, order(5, { customer_name: "A" })]])));
  expect(performance.now() - began).toBeLessThan(150);
  expect(after.at(0)?.id).toBe(5);
});

test("equal values stand newest first", () => {
  const rows = SortedRows.of(
    { column: "status", descending: false },
    OrderIndex.of([order(1), order(2), order(3, { status: "cancelled" })]),
  );
  expect(idsOf(rows)).toEqual([2, 1, 3]);
});

test.each(SORT_COLUMNS)("sorting by %s survives the address, both ways", (column) => {
  for (const descending of [true, false]) {
    expect(sortFromText(sortToText({ column, descending }))).toEqual({ column, descending });
  }
});
