import { describe, expect, test } from "vitest";
import type { ChangeEvent } from "real-time-orders";
import { EVERYTHING, matcherOf, type OrderFilter } from "@/features/orders/model/order-filter";
import {
  applyEvents,
  extendTable,
  openTable as openWith,
  type OrderTable,
  refilterTable,
} from "@/features/orders/model/order-table";
import type { OrdersPage } from "@/lib/protocol";
import { deleted, inserted, order, page, SCHEMA, truncated, updated } from "../events";

const PENDING: OrderFilter = { ...EVERYTHING, status: "pending" };

const openTable = (filter: OrderFilter, page: OrdersPage) =>
  openWith(filter, matcherOf(filter, SCHEMA), page);
const applyEvent = (table: OrderTable, event: ChangeEvent) => applyEvents(table, [event]);
const idsOf = (table: OrderTable) => Array.from(table.orders, ({ id }) => id);
const open = (...args: Parameters<typeof page>) => openTable(EVERYTHING, page(...args));

describe("applying events", () => {
  test("an INSERT adds a row at the top", () => {
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

  test("TRUNCATE empties the table; later events fill it again", () => {
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

  test("an event that is delivered twice is applied once", () => {
    const once = applyEvent(open(1, [order(1)]), updated(2, order(1, { version: 2 })));
    expect(applyEvent(once, updated(2, order(1, { version: 2 })))).toBe(once);
  });

  test("an event that the snapshot already shows does not revert the row", () => {
    const table = open(5, [order(1, { version: 3, status: "delivered" })]);
    const after = applyEvent(table, updated(6, order(1, { version: 2, status: "shipped" })));
    expect(after.orders.get(1)?.status).toBe("delivered");
    expect(after.position).toBe(6);
  });

  test("an event from before the snapshot does not bring back a deleted order", () => {
    expect(idsOf(applyEvent(open(5, []), inserted(3, order(1))))).toEqual([]);
  });

  test("an UPDATE of an order whose page is not loaded adds no row", () => {
    const table = open(9, [order(9), order(8)], "more");
    expect(idsOf(applyEvent(table, updated(10, order(3, { version: 2 }))))).toEqual([9, 8]);
  });

  test("under a filter orders appear when they match and disappear when they do not", () => {
    const table = openTable(PENDING, page(2, [order(1)]));
    const gone = applyEvent(table, updated(3, order(1, { version: 2, status: "shipped" })));
    expect(idsOf(gone)).toEqual([]);
    const back = applyEvent(gone, updated(4, order(1, { version: 3 })));
    expect(idsOf(back)).toEqual([1]);
  });

  test("a burst gives the same table at once as event by event", () => {
    const ids = Array.from({ length: 1000 }, (_, id) => id + 1);
    const table = openTable(EVERYTHING, page(1000, ids.map((id) => order(id)).reverse()));
    const burst = ids.map((id) =>
      updated(1000 + id, order(1 + ((id * 7) % 1000), { version: 1 + id })),
    );
    const single = burst.reduce(applyEvent, table);
    expect([...applyEvents(table, burst).orders]).toEqual([...single.orders]);
  });

  test("ids beyond 2^53 are different orders", () => {
    const [a, b] = [9007199254740993n, 9007199254740995n];
    const table = applyEvents(open(1, [order(7)]), [inserted(2, order(b)), inserted(3, order(a))]);
    expect(idsOf(table)).toEqual([b, a, 7]);
    expect(idsOf(applyEvent(table, deleted(4, order(a))))).toEqual([b, 7]);
  });

  test("I10: a row without a version column is replaced by every event", () => {
    const row = { ...order(1), version: undefined };
    const table = open(1, [row]);
    expect(applyEvent(table, updated(2, { ...row, quantity: 9 })).orders.get(1)?.quantity).toBe(9);
  });
});

describe("pages", () => {
  test("an older page is appended", () => {
    const table = extendTable(
      open(4, [order(4), order(3)], "c"),
      page(4, [order(2), order(1)]),
      [],
    );
    expect(idsOf(table)).toEqual([4, 3, 2, 1]);
    expect(table.cursor).toBeNull();
  });

  test("events that arrive before a requested page are applied to it", () => {
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

  test("events from before the table was read do not change a page", () => {
    const table = open(4, [order(4)], "c");
    const late = [updated(3, order(2, { version: 9 }))]; // deleted at 4, and then made again
    const again = page(6, [order(2)]);
    expect(extendTable(table, again, late, 4).orders.get(2)?.version).toBe(1);
  });

  test("another filter applies at once to the known orders", () => {
    const table = open(2, [order(2, { status: "shipped" }), order(1)], "c");
    expect(idsOf(refilterTable(table, PENDING, matcherOf(PENDING, SCHEMA)))).toEqual([1]);
  });
});
