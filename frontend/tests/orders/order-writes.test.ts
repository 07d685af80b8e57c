import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RefusedError, versionOf } from "real-time-orders";
import { Toasts } from "@/components/toasts";
import { OrderWrites, type WritesApi } from "@/features/orders/model/order-writes";
import { isPending } from "@/features/orders/model/order-edits";
import { UNDO_MS } from "@/features/orders/model/pending-deletes";
import { type Order } from "@/lib/row";
import { order, SCHEMA } from "../events";

let calls: string[];
let answers: (Order | Error)[];
let toasts: Toasts;
let writes: OrderWrites;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  answers = [];
  toasts = new Toasts();
  const api: WritesApi = {
    changeStatus: (seen: Order, status: string) => {
      const version = Number(versionOf(seen));
      calls.push(`${seen.id} ${status} if ${version}`);
      const answer = answers.shift() ?? order(seen.id, { status, version: version + 1 });
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    deleteOrder: (seen, leaving) => {
      calls.push(`delete ${seen.id} if ${versionOf(seen)}${leaving ? " leaving" : ""}`);
      const answer = answers.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve();
    },
  };
  writes = new OrderWrites(api, toasts, () => SCHEMA);
});
afterEach(() => vi.useRealTimers());

const conflict = (now: Order) => new RefusedError(412, "changed", {}, { order: now });
const titles = () => toasts.state.get().map(({ title }) => title);
const edit = (id: number) => writes.edits.state.get().get(id);

test("a change is shown at once, until the stream delivers its version", async () => {
  const write = writes.setStatus(order(1), "processing");
  expect(isPending(edit(1), order(1))).toBe(true);
  await write;
  expect(isPending(edit(1), order(1))).toBe(true);
  expect(isPending(edit(1), order(1, { version: 2 }))).toBe(false);
  expect(isPending(edit(1), order(1, { version: 3 }))).toBe(false);
});

test("a second change, made before the stream delivers the first, uses the first one's version", async () => {
  const first = writes.setStatus(order(1), "processing");
  const second = writes.setStatus(order(1), "shipped");
  await Promise.all([first, second]);
  expect(calls).toEqual(["1 processing if 1", "1 shipped if 2"]);
  expect(edit(1)).toEqual({ status: "shipped", version: 3 });
});

test("a conflict reverts the change and asks the user, with both values", async () => {
  answers = [conflict(order(1, { version: 5, status: "cancelled" }))];
  await writes.setStatus(order(1), "processing");
  expect(edit(1)).toBeUndefined();
  const [open] = writes.conflicts.get();
  expect(open).toMatchObject({ wanted: "processing", now: { status: "cancelled" } });
  if (open) writes.settle(open, true);
  await vi.runAllTimersAsync();
  expect(calls.at(-1)).toBe("1 processing if 5");
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

test("several orders move one step each; a toast counts those that someone else changed", async () => {
  answers = [conflict(order(1, { version: 9 }))];
  const left = await writes.moveOn([
    order(1),
    order(2, { status: "processing" }),
    order(3, { status: "delivered" }),
  ]);
  expect(calls).toEqual(["1 processing if 1", "2 shipped if 1"]);
  expect(left.sort()).toEqual([1, 3]);
  expect(writes.conflicts.get()).toEqual([]);
  expect(titles()).toEqual(["1 order moved on, 2 did not"]);
});

test("a delete is sent only when the time for an undo is over", async () => {
  writes.remove([order(1), order(2)]);
  expect([...writes.deletes.state.get()]).toEqual([1, 2]);
  await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
  expect(calls).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toEqual(["delete 1 if 1", "delete 2 if 1"]);
  expect(writes.deletes.state.get().size).toBe(0);
});

test("an undone delete is never sent", async () => {
  writes.remove([order(1)]);
  toasts.state.get()[0]?.action?.run();
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(calls).toEqual([]);
  expect(writes.deletes.state.get().size).toBe(0);
});

test("leaving the page sends the waiting deletes", () => {
  writes.remove([order(1)]);
  writes.deletes.flush();
  expect(calls).toEqual(["delete 1 if 1 leaving"]);
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
