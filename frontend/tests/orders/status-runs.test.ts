import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConflictError, RefusedError, type Row, versionOf } from "real-time-orders";
import { Toasts } from "@/components/toasts";
import { LazyRuns } from "@/features/orders/model/lazy-runs";
import { OrderWrites, type WritesApi } from "@/features/orders/model/order-writes";
import { StatusRuns } from "@/features/orders/model/status-runs";
import { forecast, forecastText, stepsOf, targetsOf } from "@/features/orders/model/steps";
import { UNDO_MS } from "@/features/orders/model/pending-deletes";
import { OFFERED_MS } from "@/features/orders/model/undos";
import { eachBy, order, SCHEMA } from "../events";

let calls: string[];
let answers: Map<string, (Row | Error)[]>;
let toasts: Toasts;
let writes: OrderWrites;
let runs: StatusRuns;

beforeEach(() => {
  vi.useFakeTimers();
  calls = [];
  answers = new Map();
  toasts = new Toasts();
  const api: Omit<WritesApi, "writeRows"> = {
    changeRow: (_, key, seen, change) => {
      const version = Number(versionOf(seen));
      calls.push(`${key} ${Object.values(change).join()} if ${version}`);
      const answer = answers.get(key)?.shift() ?? { ...seen, ...change, version: version + 1 };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    deleteRow: (_, key, seen) => {
      calls.push(`delete ${key} if ${versionOf(seen)}`);
      const answer = answers.get(key)?.shift();
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve();
    },
  };
  writes = new OrderWrites({ ...api, writeRows: eachBy(api) }, toasts, () => SCHEMA);
  runs = new StatusRuns(writes, toasts, () => SCHEMA);
});
afterEach(() => vi.useRealTimers());

const conflict = (now: Row) =>
  new ConflictError(new RefusedError(412, "changed", {}, { order: now }), order(1), {});
const titles = () => toasts.state.get().map(({ title }) => title);
const counts = new Map([
  ["pending", 3],
  ["processing", 1],
  ["delivered", 2],
]);

test("what will happen is said before", () => {
  expect(forecastText(forecast(counts, null, SCHEMA))).toBe(
    "3 become processing, 1 becomes shipped; 2 cannot",
  );
  expect(forecastText(forecast(counts, "cancelled", SCHEMA))).toBe("4 become cancelled; 2 cannot");
  expect(targetsOf(counts, SCHEMA)).toEqual(["pending", "processing", "shipped", "cancelled"]);
  expect(targetsOf(new Map([["delivered", 2]]), SCHEMA)).toEqual([]);
});

test("orders of different statuses each take their own step; what was done can be undone", async () => {
  const mixed = [order(1), order(2, { status: "processing" }), order(3, { status: "delivered" })];
  await runs.many([stepsOf(mixed, null, SCHEMA)], 2);
  expect(calls.splice(0)).toEqual(["1 processing if 1", "2 shipped if 1"]);
  expect(titles()).toEqual(["2 orders moved on"]);
  expect(runs.state.get()).toBeNull();
  expect(writes.undos.undo()).toBe(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(calls).toEqual(["1 pending if 2", "2 processing if 2"]);
  expect(writes.undos.undo()).toBe(false);
});

test("each failure has its reason; another attempt starts from the order as it is now", async () => {
  answers.set("1", [conflict(order(1, { version: 9 }))]);
  answers.set("2", [conflict(order(2, { version: 9, status: "delivered" }))]);
  answers.set("3", [new RefusedError(422, "Pay first.", {}, null)]);
  const orders = [1, 2, 3, 4].map((id) => order(id));
  await runs.many([stepsOf(orders, null, SCHEMA)], 4);
  const { done, failures } = runs.state.get() ?? {};
  expect([done, failures?.map(({ order, reason }) => `${order.id} ${reason}`)]).toEqual([
    1,
    [
      "1 someone else changed it; it is pending now",
      "2 someone else changed it; it is delivered now, so it cannot be moved",
      "3 Pay first.",
    ],
  ]);
  expect(titles()).toEqual(["Order #4 is processing, 3 did not change"]);
  calls.length = 0;
  await runs.retry();
  expect(calls).toEqual(["1 processing if 9", "3 processing if 1"]);
  expect(runs.state.get()?.failures.map(({ order }) => order.id)).toEqual([2]);
});

test("orders that a delete of many leaves are listed; another attempt can be undone", async () => {
  const lazy = new LazyRuns(writes, toasts, () => SCHEMA);
  answers.set("1", [conflict(order(1, { version: 9, status: "shipped" }))]);
  answers.set("2", [new RefusedError(404, "There is none.", {}, null)]);
  answers.set("3", [new RefusedError(422, "It has payments.", {}, null)]);
  writes.remove([1, 2, 3, 4].map((id) => order(id)));
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  await vi.waitUntil(() => lazy.state.get());
  const { isDelete, done, failures } = lazy.state.get() ?? {};
  expect([isDelete, done, failures?.map(({ order, reason }) => `${order.id} ${reason}`)]).toEqual([
    true,
    2,
    ["1 someone else changed it; it is shipped now", "3 It has payments."],
  ]);
  expect([titles(), writes.conflicts.get()]).toEqual([[], []]);
  calls.length = 0;
  await (await lazy.load()).retry();
  expect([lazy.state.get(), titles()]).toEqual([null, ["2 orders deleted"]]);
  await vi.advanceTimersByTimeAsync(UNDO_MS);
  expect(calls).toEqual(["delete 1 if 9", "delete 3 if 1"]);
});

test("the undo of a change is offered as long as its toast is held", async () => {
  await runs.many([stepsOf([order(1), order(2)], null, SCHEMA)], 2);
  const hold = (held: boolean) => toasts.state.get()[0]?.action?.onHold?.(held);
  hold(true);
  await vi.advanceTimersByTimeAsync(2 * OFFERED_MS);
  expect(titles()).toEqual(["2 orders are processing"]);
  hold(false);
  await vi.advanceTimersByTimeAsync(OFFERED_MS);
  expect(titles()).toEqual([]);
});

test("the report of a change is gone once the change is undone", async () => {
  answers.set("2", [new RefusedError(422, "Pay first.", {}, null)]);
  await runs.many([stepsOf([order(1), order(2)], null, SCHEMA)], 2);
  expect(runs.state.get()).toMatchObject({ done: 1, isDelete: false });
  writes.undos.undo();
  await vi.advanceTimersByTimeAsync(0);
  expect(calls.at(-1)).toBe("1 pending if 2");
  expect(runs.state.get()).toBeNull();
});

test("a step that someone else has made already is made", async () => {
  answers.set("2", [conflict(order(2, { version: 2, status: "processing" }))]);
  await runs.many([stepsOf([order(1), order(2)], null, SCHEMA)], 2);
  expect(runs.state.get()).toBeNull();
  expect(titles()).toEqual(["2 orders are processing"]);
});

test("a run can be stopped between orders, and tells what it did", async () => {
  async function* pages() {
    yield stepsOf([order(1)], null, SCHEMA);
    runs.stop();
    yield* [stepsOf([order(2)], null, SCHEMA)];
    await Promise.resolve();
  }
  await runs.many(pages(), 2);
  expect(calls).toEqual(["1 processing if 1"]);
  expect(titles()).toEqual(["Order #1 is processing"]);
});

test("the last change is undone once: a step, or a delete before it is sent", async () => {
  await runs.one(order(1), "pending", "processing", writes.setStatus(order(1), "processing"));
  expect(writes.undos.state.get()).toMatchObject({ label: "Back to pending" });
  writes.remove([order(2)]);
  writes.undos.undo();
  await vi.advanceTimersByTimeAsync(2 * UNDO_MS);
  expect(calls).toEqual(["1 processing if 1"]);
  expect(writes.undos.undo()).toBe(false);
});
