import { expect, test } from "vitest";
import { readEvent } from "real-time-orders";
import { orderEvent, readOrder } from "@/lib/row";
import { order } from "../events";

test("I10: an order keeps every column", () => {
  const row = { ...order(1), weight: 3, due_at: null };
  expect(readOrder(row)).toBe(row);
});

test("an order whose key has another name is known by `id` as well", () => {
  const row = { order_no: 7, state: "open" };
  expect(readOrder(row, "order_no")).toEqual({ ...row, id: 7 });
  expect(readOrder({ ...row, id: "x" }, "order_no")?.id).toBe(7);
  expect(readOrder(row)).toBeNull();
  const sent = { position: 1, table: "orders", operation: "INSERT", order_id: 7 };
  const read = readEvent({ ...sent, order: row, changed: null, changed_at: "2026-11-22" });
  expect(read && orderEvent(read).row).toEqual({ ...row, id: 7 });
});

test.each([undefined, null, {}, "7", 1.5])("an order with the id %j cannot be read", (id) => {
  expect(readOrder({ ...order(1), id })).toBeNull();
});
