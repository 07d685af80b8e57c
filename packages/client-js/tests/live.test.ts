/** A connection with its tables, against a small API and gateway that the test controls. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect, type Live } from "../src/live.ts";
import { ConflictError } from "../src/row-writer.ts";
import { inserted, order, ORDERS_TABLE, type SeedOrder, sent, updated } from "./events.ts";
import { FakeSocket } from "./fake-socket.ts";

interface Tables {
  orders: SeedOrder;
}

let live: Live<Tables>;
let sockets: FakeSocket[];
let requests: string[];
let rows: SeedOrder[];
let position: number;
type Answer = Response | Promise<Response> | undefined;
let answerTo: (method: string, path: string, headers: Headers) => Answer;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  requests = [];
  rows = [order(2), order(1)];
  position = 10;
  answerTo = () => undefined;
  const answer = (url: unknown, init: RequestInit = {}): Promise<Response> => {
    const { pathname, search } = new URL(String(url));
    const method = init.method ?? "GET";
    requests.push(`${method} ${pathname}${search}`);
    const own = answerTo(method, pathname, new Headers(init.headers));
    if (own) return Promise.resolve(own);
    return Promise.resolve(
      pathname === "/api/schema"
        ? Response.json({ version: "v1", tables: [ORDERS_TABLE] })
        : Response.json({ stream: "s", position, orders: rows, next_cursor: null }),
    );
  };
  const Recorded = class extends FakeSocket {
    constructor(url: string) {
      super(url);
      sockets.push(this);
    }
  };
  live = connect<Tables>({ url: "http://shop", fetch: answer, WebSocket: Recorded });
});
afterEach(() => {
  live.close();
  vi.useRealTimers();
});

const socket = (): FakeSocket => {
  const newest = sockets.at(-1);
  if (!newest) throw new Error("nothing was opened");
  return newest;
};
const settle = () => vi.advanceTimersByTimeAsync(600);

async function goLive(at = position): Promise<void> {
  await settle();
  const base = { stream: "s", position: at };
  socket().say({ type: "hello", gateway: "g", ...base, schema: "v1", heartbeat_seconds: 15 });
  if (socket().query.has("subscribe")) socket().say({ type: "subscribed", position: at });
}

const say = async (...events: Parameters<typeof sent>[0][]) => {
  const [first, last] = [events[0]?.position, events.at(-1)?.position];
  socket().say({ type: "events", first, last, events: events.map(sent) });
  await settle();
};

describe("a table", () => {
  test("is loaded when it is followed, and its filter goes to the gateway", async () => {
    const table = live.table("orders", { filter: { status: ["pending"] }, limit: 5 });
    expect(requests).toEqual([]);
    table.subscribe(() => undefined);
    await goLive();
    expect(requests).toEqual(["GET /api/schema", "GET /api/orders?status.eq=pending&limit=5"]);
    expect(JSON.parse(socket().query.get("subscribe") ?? "")).toEqual({
      tables: { orders: { status: ["pending"] } },
    });
    expect(table.state).toMatchObject({ phase: "live", hasMore: false });
    await say(inserted(11, order(3)));
    expect(table.rows.map(({ id }) => id)).toEqual([3, 2, 1]);
  });

  test("tells once per frame, however many events arrive", async () => {
    const table = live.table("orders");
    const changed = vi.fn();
    table.subscribe(changed);
    await goLive();
    changed.mockClear();
    for (let at = 11; at <= 20; at += 1) {
      socket().say({
        type: "events",
        first: at,
        last: at,
        events: [sent(inserted(at, order(at)))],
      });
    }
    await settle();
    expect(table.rows).toHaveLength(12);
    expect(changed).toHaveBeenCalledOnce();
  });

  test("is one table for the same arguments; leaving and returning at once loads nothing again", async () => {
    const table = live.table("orders", { limit: 5 });
    expect(live.table("orders", { limit: 5 })).toBe(table);
    table.subscribe(() => undefined)();
    table.subscribe(() => undefined);
    await goLive();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(requests.filter((each) => each.includes("/api/orders"))).toHaveLength(1);
    expect(table.state.phase).toBe("live");
  });

  test("that nobody follows any more ends the connection, after a while", async () => {
    const leave = live.table("orders").subscribe(() => undefined);
    await goLive();
    leave();
    await vi.advanceTimersByTimeAsync(6_000);
    expect(socket().readyState).toBe(3);
    expect(live.connection.get().phase).toBe("idle");
  });

  test("says since when it is stale, and what it misses", async () => {
    const table = live.table("orders");
    const phases = new Set<string>();
    table.subscribe(() => phases.add(table.state.phase));
    await goLive();
    expect([...phases]).toEqual(["loading", "catching up", "live"]); // no connection was lost
    const heardAt = Date.now();
    socket().break();
    expect(table.state).toMatchObject({ phase: "stale", staleSince: heardAt });
    await goLive();
    socket().say({ type: "reset", reason: "expired", position: 50 });
    expect(table.state).toMatchObject({ phase: "catching up", reset: "expired" });
    rows = [order(9)];
    position = 50;
    await settle();
    expect(table.rows.map(({ id }) => id)).toEqual([9]);
    expect(table.state).toMatchObject({ phase: "live", reset: null });
  });

  test("a return after a long absence costs what is shown, not what happened", async () => {
    const table = live.table("orders");
    table.subscribe(() => undefined);
    await goLive();
    for (const [missed, after] of [
      [150, 10],
      [5_000, 5_160],
    ] as const) {
      position += missed;
      socket().break();
      vi.setSystemTime(Date.now() + 40_000); // the computer slept
      live.wake();
      await vi.advanceTimersByTimeAsync(0);
      expect(socket().query.get("after")).toBe(String(after));
      const covered = { type: "heartbeat", position };
      await goLive(after);
      socket().say(covered);
      await settle();
    }
    expect(table.state.phase).toBe("live");
    expect(requests.at(-1)).toBe("GET /api/orders?limit=100");
  });

  test("an API that hangs does not keep a client that was away from its gateway", async () => {
    live.table("orders").subscribe(() => undefined);
    await goLive();
    answerTo = () => new Promise<never>(() => undefined);
    socket().break();
    vi.setSystemTime(Date.now() + 40_000); // the computer slept
    live.wake();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(2);
    expect(socket().query.get("after")).toBe("10");
  });

  test("I7: a snapshot older than the connection is not enough", async () => {
    live.table("orders").subscribe(() => undefined);
    await goLive();
    await say(inserted(11, order(3)));
    const other = live.table("orders", { sort: "quantity" });
    other.subscribe(() => undefined);
    await settle();
    expect(other.state.problem).not.toBeNull(); // a replica that is behind
    position = 11;
    rows = [order(3), order(2), order(1)];
    await vi.advanceTimersByTimeAsync(5_000);
    expect(other.state.problem).toBeNull();
    expect(other.rows).toHaveLength(3);
  });

  test("that the API refuses is refused, and does not keep others from being live", async () => {
    answerTo = (_method, path) =>
      path === "/api/tables/secrets"
        ? Response.json({ detail: "There is no such table." }, { status: 404 })
        : undefined;
    const secrets = (live as Live).table("secrets");
    const orders = live.table("orders");
    secrets.subscribe(() => undefined);
    orders.subscribe(() => undefined);
    await goLive();
    expect(secrets.state.phase).toBe("refused");
    expect(orders.state.phase).toBe("live");
    expect(JSON.parse(socket().query.get("subscribe") ?? "")).toEqual({ tables: { orders: {} } });
  });

  test("I10: after a change of the schema it is loaded again", async () => {
    const table = live.table("orders");
    table.subscribe(() => undefined);
    await goLive();
    answerTo = (_method, path) =>
      path === "/api/schema" ? Response.json({ version: "v2", tables: [ORDERS_TABLE] }) : undefined;
    requests = [];
    socket().say({ type: "schema", version: "v2" });
    await settle();
    expect(requests).toEqual(["GET /api/schema", "GET /api/orders?limit=100"]);
  });

  test("I10: it is loaded again when the stream reaches a schema that is loaded already", async () => {
    answerTo = (_method, path) =>
      path === "/api/schema" ? Response.json({ version: "v2", tables: [ORDERS_TABLE] }) : undefined;
    const table = live.table("orders");
    table.subscribe(() => undefined);
    await goLive(); // at v1: events from before the change may follow
    await settle();
    requests = [];
    socket().say({ type: "schema", version: "v2" });
    await settle();
    expect(requests).toEqual(["GET /api/orders?limit=100"]);
  });
});

describe("writes", () => {
  const opened = async () => {
    const table = live.table("orders");
    table.subscribe(() => undefined);
    await goLive();
    return table;
  };

  test("a change is shown at once, under the version that was shown, until the stream has it", async () => {
    const table = await opened();
    let ifMatch: string | null = null;
    answerTo = (method, path, headers) => {
      if (method !== "PATCH") return undefined;
      ifMatch = headers.get("If-Match");
      expect(path).toBe("/api/orders/2");
      return Response.json(order(2, { status: "shipped", version: 2 }));
    };
    const write = table.update(2, { status: "shipped" });
    expect(table.get(2)?.status).toBe("shipped");
    expect(await write).toMatchObject({ version: 2 });
    expect(ifMatch).toBe('"1"');
    expect(table.rows[0]).toMatchObject({ status: "shipped", version: 2 });
    await say(updated(11, order(2, { status: "shipped", version: 2, quantity: 5 })));
    expect(table.rows[0]?.quantity).toBe(5);
  });

  test("a refused change is taken back; a conflict has both values", async () => {
    const table = await opened();
    const theirs = order(2, { quantity: 7, version: 4 });
    answerTo = (method) =>
      method === "PATCH"
        ? Response.json({ detail: "Changed.", order: theirs }, { status: 412 })
        : undefined;
    const error = await table.update(2, { quantity: 9 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ seen: order(2), mine: { quantity: 9 }, theirs });
    expect(table.get(2)).toEqual(order(2));
  });

  test("a change after a conflict continues from the row that the conflict showed", async () => {
    const table = await opened();
    const theirs = order(2, { quantity: 7, version: 4 });
    const asked: (string | null)[] = [];
    answerTo = (method, _path, headers) => {
      if (method === "GET") return undefined;
      asked.push(headers.get("If-Match"));
      return asked.length === 1
        ? Response.json({ detail: "Changed.", order: theirs }, { status: 412 })
        : Response.json({ ...theirs, quantity: 9, version: 5 });
    };
    await expect(table.update(2, { quantity: 9 })).rejects.toBeInstanceOf(ConflictError);
    expect(await table.update(2, { quantity: 9 })).toMatchObject({ version: 5 }); // no frame yet
    await table.delete(2);
    expect(asked).toEqual(['"1"', '"4"', '"5"']);
  });

  test("a row without a version is written only while it is as it was shown", async () => {
    const plain = (row: SeedOrder) => ({ ...row, version: undefined }) as unknown as SeedOrder;
    rows = [plain(order(2)), plain(order(1))];
    const table = await opened();
    let now = order(2);
    const asked: (string | null)[] = [];
    answerTo = (method, path, headers) => {
      if (path !== "/api/orders/2") return undefined;
      if (method === "PATCH") {
        asked.push(headers.get("If-Match"));
        now = order(2, { quantity: 1 + asked.length });
      }
      return Response.json(plain(now), { headers: { ETag: `"tag ${now.quantity}"` } });
    };
    await table.update(2, { quantity: 2 });
    await table.update(2, { quantity: 3 });
    now = order(2, { quantity: 8 });
    await expect(table.update(2, { quantity: 4 })).rejects.toMatchObject({
      theirs: { quantity: 8 },
    });
    expect(asked).toEqual(['"tag 1"', '"tag 2"']);
  });

  test("two changes in a row name the versions that they make", async () => {
    const table = await opened();
    const asked: (string | null)[] = [];
    answerTo = (method, _path, headers) => {
      if (method !== "PATCH") return undefined;
      asked.push(headers.get("If-Match"));
      return Response.json(order(2, { version: 1 + asked.length, quantity: asked.length }));
    };
    await Promise.all([table.update(2, { quantity: 1 }), table.update(2, { quantity: 2 })]);
    expect(asked).toEqual(['"1"', '"2"']);
    expect(table.get(2)?.quantity).toBe(2);
  });

  test("a new row is shown at once and once only; a deleted one is gone at once", async () => {
    const table = await opened();
    answerTo = (method) => {
      if (method === "POST") return Response.json(order(3), { status: 201 });
      return method === "DELETE" ? new Response(null, { status: 204 }) : undefined;
    };
    const insert = table.insert({ customer_name: "John Doe" });
    expect(table.rows).toHaveLength(3);
    await insert;
    expect(table.rows.map(({ id }) => id)).toEqual([3, 2, 1]);
    await say(inserted(11, order(3)));
    expect(table.rows.map(({ id }) => id)).toEqual([3, 2, 1]);
    const gone = table.delete(1);
    expect(table.rows.map(({ id }) => id)).toEqual([3, 2]);
    await gone;
  });

  /** An API that answers a request for many rows when the test says so, with a status for each. */
  const answerMany = () => {
    let say: ((statuses: readonly number[]) => void) | null = null;
    answerTo = (method, path) => {
      if (method === "GET" || path !== "/api/orders") return undefined;
      return new Promise((resolve) => {
        say = (statuses) => {
          const outcome = (status: number) =>
            status === 200 ? { status, version: 2 } : { status, problem: { detail: "Refused." } };
          resolve(Response.json({ rows: statuses.map(outcome) }));
        };
      });
    };
    return async (...statuses: number[]) => (await vi.waitUntil(() => say))(statuses);
  };

  test("changes of many rows are shown at once; those that are refused are taken back", async () => {
    const table = await opened();
    const answer = answerMany();
    const write = table.updateMany([2, 1], { status: "shipped" });
    const shown = () => table.rows.map(({ id, status, version }) => `${id} ${status} ${version}`);
    expect(shown()).toEqual(["2 shipped 1", "1 shipped 1"]);
    await answer(200, 422);
    expect(await write).toMatchObject([{ key: 1, error: { message: "Refused." } }]);
    expect(shown()).toEqual(["2 shipped 2", "1 pending 1"]);
    await say(updated(11, order(2, { status: "shipped", version: 2, quantity: 5 })));
    expect(table.get(2)).toMatchObject({ status: "shipped", quantity: 5 });
  });

  test("many deleted rows are gone at once; those that are refused come back", async () => {
    const table = await opened();
    const answer = answerMany();
    const write = table.deleteMany([order(1), 2]);
    expect(table.rows).toEqual([]);
    await answer(422, 200);
    expect(await write).toMatchObject([{ key: order(1) }]);
    expect(table.rows).toEqual([order(1)]);
  });

  test("a new row that the stream never shows does not stay", async () => {
    const table = await opened();
    answerTo = (method) =>
      method === "POST" ? Response.json(order(3), { status: 201 }) : undefined;
    await table.insert({});
    expect(table.rows).toHaveLength(3);
    for (let beat = 0; beat < 2; beat += 1) {
      socket().say({ type: "heartbeat", position: 12 });
      await vi.advanceTimersByTimeAsync(6_000);
    }
    expect(table.rows).toHaveLength(2);
  });
});
