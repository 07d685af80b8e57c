import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConflictError, RefusedError, type Row, versionOf } from "real-time-orders";
import { Toasts } from "@/components/toasts";
import { OrderWrites, type WritesApi } from "@/features/orders/model/order-writes";
import { pendingOf, rowId, withEdit } from "@/features/orders/model/order-edits";
import { UNDO_MS } from "@/features/orders/model/pending-deletes";
import { type Order } from "@/lib/row";
import { eachBy, order, SCHEMA } from "../events";

let calls: string[];
let answers: (Row | Error)[];
let toasts: Toasts;
let writes: OrderWrites;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  answers = [];
  toasts = new Toasts();
  const api: Omit<WritesApi, "writeRows"> = {
    changeRow: (table, key, seen, change) => {
      const version = Number(versionOf(seen));
      calls.push(`${table} ${key} ${Object.values(change).join()} if ${version}`);
      const answer = answers.shift() ?? { ...seen, ...change, version: version + 1 };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    deleteRow: (table, key, seen, leaving) => {
      calls.push(`delete ${table} ${key} if ${versionOf(seen)}${leaving ? " leaving" : ""}`);
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve();
    },
  };
  writes = new OrderWrites({ ...api, writeRows: eachBy(api) }, toasts, () => SCHEMA);
});
afterEach(() => vi.useRealTimers());

const conflict = (now: Order) => {
  const refused = new RefusedError(412, "changed", {}, { order: now });
  return new ConflictError(refused, order(now.id), {});
};
const titles = () => toasts.state.get().map(({ title }) => title);
const edit = (id: number) => writes.edits.state.get().get(rowId("orders", String(id)));

test("a change is shown at once, until the stream delivers its version", async () => {
  const write = writes.setStatus(order(1), "processing");
  expect(withEdit(order(1), edit(1)).status).toBe("processing");
  await write;
  expect(pendingOf(edit(1), order(1))).toEqual({ status: "processing" });
  expect(pendingOf(edit(1), order(1, { version: 2 }))).toBeNull();
  expect(pendingOf(edit(1), order(1, { version: 3 }))).toBeNull();
});

test("changes of several columns of a row are shown together, and each ends by itself", async () => {
  answers = [order(1, { version: 2 }), new Error("The API cannot be reached.")];
  const first = writes.change("orders", "1", order(1), { quantity: 4 });
  const second = writes.change("orders", "1", order(1), { customer_name: "Ada" });
  expect(pendingOf(edit(1), order(1))).toEqual({ quantity: 4, customer_name: "Ada" });
  await first;
  await expect(second).rejects.toThrow("cannot be reached");
  expect(pendingOf(edit(1), order(1))).toEqual({ quantity: 4 });
});

test("a row of any table is changed; another's change of other columns is no conflict", async () => {
  answers = [conflict(order(1, { version: 5, status: "shipped" }))];
  const done = await writes.change("order_lines", "7", order(1), { quantity: 4 });
  expect(calls).toEqual(["order_lines 7 4 if 1", "order_lines 7 4 if 5"]);
  expect(done).toBe(true);
  expect(writes.conflicts.get()).toEqual([]);
});

test("another's change of the same column is asked about, with the values of both", async () => {
  answers = [conflict(order(1, { version: 5, quantity: 3 }))];
  expect(await writes.change("orders", "1", order(1), { quantity: 4 })).toBe(false);
  const [open] = writes.conflicts.get();
  expect(open).toMatchObject({ wanted: { quantity: 4 }, now: { quantity: 3 }, key: "1" });
  expect(edit(1)).toBeUndefined();
});

test("a value that is refused after the user was asked goes back to where it was typed", async () => {
  const gone = new RefusedError(404, "no such order", {}, {});
  answers = [conflict(order(1, { version: 5, quantity: 3 })), gone];
  const refused: unknown[] = [];
  const change = { quantity: 4 };
  expect(await writes.change("orders", "1", order(1), change, (e) => refused.push(e))).toBe(false);
  const [open] = writes.conflicts.get();
  if (open) writes.settle(open, true);
  await vi.advanceTimersByTimeAsync(0);
  expect([refused, titles()]).toEqual([[gone], []]);
});

test("a conflict reverts the change and asks the user, with both values", async () => {
  answers = [conflict(order(1, { version: 5, status: "cancelled" }))];
  await writes.setStatus(order(1), "processing");
  expect(edit(1)).toBeUndefined();
  const [open] = writes.conflicts.get();
  expect(open).toMatchObject({ wanted: { status: "processing" }, now: { status: "cancelled" } });
  if (open) writes.settle(open, true);
  await vi.runAllTimersAsync();
  expect(calls.at(-1)).toBe("orders 1 processing if 5");
  expect(writes.conflicts.get()).toEqual([]);
});

test("no question is asked if both users chose the same status", async () => {
  answers = [conflict(order(1, { version: 5, status: "processing" }))];
  await writes.setStatus(order(1), "processing");
  expect(writes.conflicts.get()).toEqual([]);
  expect(titles()).toEqual([]);
});

test("a failed change is reverted, and a toast says so", async () => {
  answers = [new Error("The API cannot be reached.")];
  await writes.setStatus(order(1), "processing");
  expect(edit(1)).toBeUndefined();
  expect(titles()).toEqual(["Order #1 was not changed"]);
});

test("a delete is sent only when the time for an undo is over", async () => {
  writes.remove([order(1), order(2)]);
  expect([...writes.deletes.state.get()]).toEqual([1, 2]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual(["delete orders 1 if 1", "delete orders 2 if 1"]);
  expect(writes.deletes.state.get().size).toBe(0);
});

test("an undone delete is never sent", async () => {
  writes.remove([order(1)]);
  toasts.state.get()[0]?.action?.run();
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(calls).toEqual([]);
  expect(writes.deletes.state.get().size).toBe(0);
});

test("a delete waits as long as its toast is held, then its whole time again", async () => {
  writes.remove([order(1)]);
  const hold = (held: boolean) => toasts.state.get()[0]?.action?.onHold?.(held);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  hold(true);
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(calls).toEqual([]);
  hold(false);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual(["delete orders 1 if 1"]);
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(calls).toHaveLength(1);
});

test("the last delete is undone by key, in any table, as long as its toast offers it", async () => {
  const row = { id: 7, version: 1 };
  writes.remove([order(1)]);
  writes.removeRow("lines", "7", row);
  expect(writes.undos.undo()).toBe(true);
  expect(titles()).toEqual(["Order #1 deleted"]);
  expect(writes.undos.undo()).toBe(false);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(calls).toEqual(["delete orders 1 if 1"]);
  writes.removeRow("lines", "7", row);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(calls.slice(1)).toEqual(["delete lines 7 if 1"]);
  expect(writes.undos.undo()).toBe(false);
});

test("leaving the page sends the waiting deletes", () => {
  writes.remove([order(1)]);
  writes.deletes.flush();
  expect(calls).toEqual(["delete orders 1 if 1 leaving"]);
});

test("an order that changed before it was deleted stays, and the user is asked", async () => {
  answers = [conflict(order(1, { version: 2, quantity: 50 }))];
  writes.remove([order(1)]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(writes.conflicts.get()).toMatchObject([{ wanted: null, now: { quantity: 50 } }]);
});

test("deleting an order that is already deleted is not an error", async () => {
  answers = [new RefusedError(404, "gone", {}, undefined)];
  writes.remove([order(1)]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(titles()).toEqual([]);
});

test("the toast of a delete disappears when its Undo stops working", async () => {
  writes.remove([order(1)]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(titles()).toEqual(["Order #1 deleted"]);
  await vi.advanceTimersByTimeAsync(1);
  expect(titles()).toEqual([]);
});
