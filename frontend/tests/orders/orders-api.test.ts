import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { RefusedError } from "real-time-orders";
import { changeOrder, deleteOrder } from "@/features/orders/api/orders";
import type { Order } from "@/lib/row";
import { order } from "../events";

/** A row without a version, whose key is called order_no. */
const stored = { order_no: 7, state: "open", net: 12.5 };
const seen: Order = { ...stored, id: 7 };
let now: Record<string, unknown>;
let requests: { method: string; match: string | null }[];

beforeEach(() => {
  now = stored;
  requests = [];
  vi.stubGlobal("fetch", (_path: string, { method = "GET", headers }: RequestInit = {}) => {
    requests.push({ method, match: new Headers(headers).get("If-Match") });
    const answer = method === "PUT" ? { ...now, state: "sent" } : now;
    return Promise.resolve(Response.json(answer, { headers: { ETag: '"tag"' } }));
  });
});
afterEach(() => vi.unstubAllGlobals());

test("a row with a version is changed under the condition that it still has it", async () => {
  await changeOrder(order(1, { version: 3 }), "{}");
  expect(requests).toEqual([{ method: "PUT", match: '"3"' }]);
});

test("a row without a version is changed under the tag of what the user saw", async () => {
  expect(await changeOrder(seen, "{}")).toEqual({ ...seen, state: "sent" });
  expect(requests).toEqual([
    { method: "GET", match: null },
    { method: "PUT", match: '"tag"' },
  ]);
});

test("a row without a version that looks otherwise than what the user saw is not written", async () => {
  now = { ...stored, net: 13 };
  const failure = await deleteOrder(seen).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RefusedError);
  expect(failure).toMatchObject({ status: 412, body: { order: { id: 7, net: 13 } } });
  expect(requests.map(({ method }) => method)).toEqual(["GET"]);
});

test("a closing page deletes without asking first", async () => {
  await deleteOrder(seen, true);
  expect(requests).toEqual([{ method: "DELETE", match: null }]);
});
