import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SchemaFeed } from "@/lib/schema-feed";
import { SEED } from "../events";

let version: string;
let hasOrders: boolean;
let requests: number;

beforeEach(() => {
  vi.useFakeTimers();
  version = "v1";
  hasOrders = true;
  requests = 0;
  vi.stubGlobal("fetch", () => {
    requests += 1;
    const orders = { name: "orders", columns: SEED, display: { status: "status", title: null } };
    return Promise.resolve(
      Response.json({
        version,
        tables: [{ name: "notes", columns: [] }, ...(hasOrders ? [orders] : [])],
      }),
    );
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function loaded(): Promise<SchemaFeed> {
  const feed = new SchemaFeed();
  await feed.ensure(new AbortController().signal);
  await feed.ensure(new AbortController().signal);
  return feed;
}

test("the schema is loaded once", async () => {
  const feed = await loaded();
  expect(requests).toBe(1);
  expect(feed.state.get().version).toBe("v1");
  expect(feed.state.get().role("status")?.name).toBe("status");
  expect(feed.state.get().role("title")).toBeUndefined();
});

test("I10: an announced version is loaded, also where the API learns of it later", async () => {
  const feed = await loaded();
  feed.announce("v2");
  await vi.advanceTimersByTimeAsync(400);
  version = "v2";
  await vi.advanceTimersByTimeAsync(30_000);
  expect(feed.state.get().version).toBe("v2");
  const before = requests;
  feed.announce("v2");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(requests).toBe(before);
  feed.stop();
});

test("a database without a table of orders has a schema, until it gets one", async () => {
  hasOrders = false;
  const feed = await loaded();
  expect(requests).toBe(1);
  expect(feed.state.get().hasOrders).toBe(false);
  hasOrders = true;
  version = "v2";
  feed.announce("v2");
  await vi.advanceTimersByTimeAsync(1000);
  expect(feed.state.get().hasOrders).toBe(true);
  feed.stop();
});
