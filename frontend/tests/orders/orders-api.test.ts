import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ConflictError } from "real-time-orders";
import { changeRow, deleteRow } from "@/features/orders/api/rows";
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
    const answer = method === "PATCH" ? { ...now, state: "sent" } : now;
    return Promise.resolve(Response.json(answer, { headers: { ETag: '"tag"' } }));
  });
});
afterEach(() => vi.unstubAllGlobals());

test("a row with a version is changed under the condition that it still has it", async () => {
  await changeRow("orders", "1", order(1, { version: 3 }), {});
  expect(requests).toEqual([{ method: "PATCH", match: '"3"' }]);
});

test("a row without a version is changed under the tag of what the user saw", async () => {
  expect(await changeRow("orders", "7", seen, {})).toEqual({ ...stored, state: "sent" });
  expect(requests).toEqual([
    { method: "GET", match: null },
    { method: "PATCH", match: '"tag"' },
  ]);
});

test("a row without a version that looks otherwise than what the user saw is not written", async () => {
  now = { ...stored, net: 13 };
  const failure = await deleteRow("orders", "7", { ...seen, net: 12 }, false).catch(
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(ConflictError);
  expect(failure).toMatchObject({ seen: { net: 12 }, theirs: { net: 13 } });
  expect(requests.map(({ method }) => method)).toEqual(["GET"]);
});

test("a closing page deletes without asking first", async () => {
  await deleteRow("orders", "8", { ...seen, id: 8 }, true);
  expect(requests).toEqual([{ method: "DELETE", match: null }]);
});
