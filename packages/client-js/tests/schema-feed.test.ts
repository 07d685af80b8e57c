import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api } from "../src/http.ts";
import { SchemaFeed } from "../src/schema-feed.ts";
import { ORDERS_TABLE } from "./events.ts";

let version: string;
let requests: number;
let feed: SchemaFeed;

beforeEach(async () => {
  vi.useFakeTimers();
  version = "v1";
  requests = 0;
  const answer = () => {
    requests += 1;
    const tables = [{ name: "notes", columns: [{ name: "text", kind: "new" }] }, ORDERS_TABLE, "?"];
    return Promise.resolve(Response.json({ version, tables }));
  };
  feed = new SchemaFeed(new Api({ url: "http://shop", fetch: answer }));
  await feed.ensure();
  await feed.ensure();
});
afterEach(() => {
  feed.stop();
  vi.useRealTimers();
});

test("the schema is loaded once; a member that cannot be read has its usual value", () => {
  expect(requests).toBe(1);
  expect(feed.state.get()?.version).toBe("v1");
  expect(feed.state.get()?.tables.map(({ name }) => name)).toEqual(["notes", "orders"]);
  expect(feed.table("orders")).toEqual({ ...ORDERS_TABLE, display: null });
  expect(feed.table("notes")).toMatchObject({ key: ["id"], columns: [{ kind: "other" }] });
});

test("I10: an announced version is loaded, also where the API learns of it later", async () => {
  feed.announce("v2");
  await vi.advanceTimersByTimeAsync(400);
  version = "v2";
  await vi.advanceTimersByTimeAsync(30_000);
  expect(feed.state.get()?.version).toBe("v2");
  const before = requests;
  feed.announce("v2");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(requests).toBe(before);
});
