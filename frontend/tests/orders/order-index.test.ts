import fc from "fast-check";
import { expect, test } from "vitest";
import { OrderIndex } from "@/features/orders/model/order-index";
import { order } from "../events";

const changes = fc.array(
  fc.tuple(fc.integer({ min: -2000, max: 2000 }), fc.boolean(), fc.integer({ min: 1, max: 9 })),
);

test("after any changes the index equals a sorted list", () => {
  fc.assert(
    fc.property(fc.array(changes), (rounds) => {
      const model = new Map<number, number>();
      let index = OrderIndex.EMPTY;
      for (const round of rounds) {
        const change = new Map(
          round.map(([id, stays, version]) => [id, stays ? order(id, { version }) : null]),
        );
        index = index.with(change);
        for (const [id, row] of change) {
          if (row) model.set(id, row.version);
          else model.delete(id);
        }
      }
      const expected = [...model].sort(([a], [b]) => b - a);
      expect(Array.from(index, ({ id, version }) => [id, version])).toEqual(expected);
      expect(index.size).toBe(expected.length);
      expected.forEach(([id, version], row) => {
        expect(index.at(row)?.id).toBe(id);
        expect(index.countFrom(id)).toBe(row + 1);
        expect(index.get(id)?.version).toBe(version);
      });
      expect(index.at(expected.length)).toBeUndefined();
    }),
  );
});

test("a change does not modify the original index", () => {
  const before = OrderIndex.of([order(1), order(2)]);
  const after = before.with(new Map([[2, null]]));
  expect([before.size, after.size]).toEqual([2, 1]);
});

test("countFrom counts the ids from any id, also one that is absent", () => {
  const index = OrderIndex.of([order(900), order(10)]);
  expect([1000, 900, 500, 1].map((id) => index.countFrom(id))).toEqual([0, 1, 1, 2]);
});
