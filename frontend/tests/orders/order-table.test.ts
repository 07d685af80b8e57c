import { describe, expect, test } from "vitest";
import { EVERYTHING, type OrderFilter } from "@/features/orders/model/order-filter";
import {
  applyEvent,
  applyEvents,
  extendTable,
  openTable,
  refilterTable,
  type OrderTable,
} from "@/features/orders/model/order-table";
import { deleted, inserted, order, page, truncated, updated } from "../events";

const PENDING: OrderFilter = { ...EVERYTHING, status: "pending" };

const idsOf = (table: OrderTable) => Array.from(table.orders, ({ id }) => id);
const open = (...args: Parameters<typeof page>) => openTable(EVERYTHING, page(...args));

describe("applyEvent", () => {
  test("an INSERT comes in at the top", () => {
    const table = applyEvent(open(1, [order(1)]), inserted(2, order(2)));
    expect(idsOf(table)).toEqual([2, 1]);
    expect(table.position).toBe(2);
  });

  test("an UPDATE replaces the row in its place", () => {
    const shipped = order(1, { version: 2, status: "shipped" });
    const table = applyEvent(open(2, [order(2), order(1)]), updated(3, shipped));
    expect(idsOf(table)).toEqual([2, 1]);
    expect(table.orders.get(1)).toEqual(shipped);
  });

  test("a DELETE removes the row", () => {
    expect(idsOf(applyEvent(open(2, [order(2), order(1)]), deleted(3, order(2))))).toEqual([1]);
  });

  test("a DELETE of an order that is not there changes no row", () => {
    const table = open(2, [order(1)]);
    expect(applyEvent(table, deleted(3, order(9))).orders).toBe(table.orders);
  });

  test("TRUNCATE empties the table, and what comes after it starts anew", () => {
    const table = applyEvents(open(2, [order(2), order(1)], "more"), [
      truncated(3),
      inserted(4, order(1)),
    ]);
    expect(idsOf(table)).toEqual([1]);
    expect(table).toMatchObject({ cursor: null, floor: -Infinity });
  });

  test("an order inserted again under its old id starts at version 1", () => {
    const old = order(1, { version: 7 });
    const table = applyEvents(open(7, [old]), [deleted(8, old), inserted(9, order(1))]);
    expect(table.orders.get(1)?.version).toBe(1);
  });

  test("an event that comes twice is the same as once", () => {
    const once = applyEvent(open(1, [order(1)]), updated(2, order(1, { version: 2 })));
    expect(applyEvent(once, updated(2, order(1, { version: 2 })))).toBe(once);
  });

  test("an event that the snapshot already shows does not turn back the row", () => {
    const table = open(5, [order(1, { version: 3, status: "delivered" })]);
    const after = applyEvent(table, updated(6, order(1, { version: 2, status: "shipped" })));
    expect(after.orders.get(1)?.status).toBe("delivered");
    expect(after.position).toBe(6);
  });

  test("an event from before the snapshot does not bring back what was deleted since", () => {
    expect(idsOf(applyEvent(open(5, []), inserted(3, order(1))))).toEqual([]);
  });

  test("an UPDATE of an order older than what is loaded does not pop in", () => {
    const table = open(9, [order(9), order(8)], "more");
    expect(idsOf(applyEvent(table, updated(10, order(3, { version: 2 }))))).toEqual([9, 8]);
  });

  test("under a filter, orders come and go as they begin and cease to match", () => {
    const table = openTable(PENDING, page(2, [order(1)]));
    const gone = applyEvent(table, updated(3, order(1, { version: 2, status: "shipped" })));
    expect(idsOf(gone)).toEqual([]);
    const back = applyEvent(gone, updated(4, order(1, { version: 3 })));
    expect(idsOf(back)).toEqual([1]);
  });

  test("a burst of 10,000 events is applied in well under a second", () => {
    const ids = Array.from({ length: 10_000 }, (_, id) => id + 1);
    const table = openTable(EVERYTHING, page(10_000, ids.map((id) => order(id)).reverse()));
    const burst = ids.map((id) => updated(10_000 + id, order(id, { version: 2 })));
    const began = performance.now();
    const after = applyEvents(table, burst);
    expect(performance.now() - began).toBeLessThan(500);
    expect([...after.orders].every(({ version }) => version === 2)).toBe(true);
  });
});

describe("pages", () => {
  test("an older page goes below", () => {
    const table = extendTable(
      open(4, [order(4), order(3)], "c"),
      page(4, [order(2), order(1)]),
      [],
    );
    expect(idsOf(table)).toEqual([4, 3, 2, 1]);
    expect(table.cursor).toBeNull();
  });

  test("events that came while the page was on its way are not lost", () => {
    const table = open(4, [order(4), order(3)], "c");
    const missed = [updated(5, order(2, { version: 2 })), deleted(6, order(1))];
    const later = applyEvents(table, missed);
    expect(idsOf(extendTable(later, page(4, [order(2), order(1)]), missed, 4))).toEqual([4, 3, 2]);
  });

  test("a page that is ahead of the stream keeps its newer rows", () => {
    const table = open(4, [order(4)], "c");
    const newer = page(9, [order(2, { version: 5 })]);
    const missed = [updated(5, order(2, { version: 2 }))];
    expect(extendTable(applyEvents(table, missed), newer, missed, 4).orders.get(2)?.version).toBe(
      5,
    );
  });

  test("events from before the table was read say nothing about a page", () => {
    const table = open(4, [order(4)], "c");
    const late = [updated(3, order(2, { version: 9 }))]; // deleted at 4, and then made again
    const again = page(6, [order(2)]);
    expect(extendTable(table, again, late, 4).orders.get(2)?.version).toBe(1);
  });

  test("another filter shows at once what is known to match", () => {
    const table = open(2, [order(2, { status: "shipped" }), order(1)], "c");
    expect(idsOf(refilterTable(table, PENDING))).toEqual([1]);
  });
});
