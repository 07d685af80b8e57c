import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Wanted, writeMany } from "../src/bulk-writer.ts";
import { Api, RefusedError, UnreachableError } from "../src/http.ts";
import { type Row, versionOf } from "../src/row.ts";
import { ConflictError, RowWriter } from "../src/row-writer.ts";

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly key: string | null;
  readonly body: { rows: Row[]; set?: Row };
}

let sent: Sent[];
let answers: ((body: Sent["body"]) => Response | Error)[];
let api: Api;

const outcomes = (rows: unknown[]) => Response.json({ rows });
const succeed = ({ rows }: Sent["body"]) =>
  outcomes(rows.map((row) => ({ key: row.key, status: 200, version: Number(row.version) + 1 })));

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  answers = [];
  const fetch = (url: unknown, { method = "GET", headers, body }: RequestInit = {}) => {
    const read = JSON.parse(body as string) as Sent["body"];
    const key = new Headers(headers).get("Idempotency-Key");
    sent.push({ method, path: String(url).replace("http://shop", ""), key, body: read });
    const answer = (answers.shift() ?? succeed)(read);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  api = new Api({ url: "http://shop", fetch });
});
afterEach(() => vi.useRealTimers());

const changes = (count: number, change: (id: number) => Row = () => ({ status: "shipped" })) =>
  Array.from({ length: count }, (_, at): Wanted => {
    return { seen: { id: at + 1, version: 3, status: "new" }, change: change(at + 1) };
  });

async function written(rows: readonly Wanted[], writer = new RowWriter(api, "orders")) {
  const found: (string | number | bigint)[] = [];
  const all = (async () => {
    for await (const each of writeMany(api, writer, ["id"], rows))
      for (const { version, error } of each) found.push(error?.message ?? version);
  })();
  await vi.runAllTimersAsync();
  await all;
  return found;
}

test("a hundred rows are one request, each with the version that was seen", async () => {
  expect(await written(changes(250))).toEqual(Array(250).fill(4));
  expect(sent.map(({ body }) => body.rows.length)).toEqual([100, 100, 50]);
  expect(sent[0]).toMatchObject({ method: "PATCH", path: "/api/orders" });
  expect(sent[0]?.body.set).toEqual({ status: "shipped" });
  expect(sent[0]?.body.rows[0]).toEqual({ key: { id: 1 }, version: 3 });
  sent = [];
  await written(changes(2, (id) => ({ quantity: id })));
  const [first] = sent;
  expect(first?.body.rows.map(({ set }) => set)).toEqual([{ quantity: 1 }, { quantity: 2 }]);
  expect(first?.body.set).toBeUndefined();
  await written(changes(2).map(({ seen }) => ({ seen, change: null })));
  expect(sent.at(-1)).toMatchObject({ method: "DELETE" });
});

test("a row that was not written has its own error; a conflict tells the present row", async () => {
  const problem = { detail: "It has changed.", order: { id: 2, version: 9 } };
  answers.push(() =>
    outcomes([
      { status: 200, version: 4 },
      { status: 412, problem },
      { status: 404, problem: { detail: "There is no such order." } },
    ]),
  );
  const errors: unknown[] = [];
  const writer = new RowWriter(api, "orders");
  for await (const each of writeMany(api, writer, ["id"], changes(3)))
    for (const { error } of each) errors.push(error);
  expect(errors).toEqual([null, expect.any(ConflictError), expect.any(RefusedError)]);
  expect((errors[1] as ConflictError).theirs).toEqual({ id: 2, version: 9 });
  // Until the stream shows it, the next change of the first row continues from this one.
  expect(versionOf(writer.latest("1", { id: 1, version: 3 }))).toBe(4);
});

test("a request without an answer, and rows without their turn, are sent again", async () => {
  answers.push(
    () => new TypeError("no network"),
    () =>
      outcomes([
        { status: 200, version: 4 },
        { status: 503, problem: { detail: "Away." } },
      ]),
  );
  expect(await written(changes(2))).toEqual([4, 4]);
  expect(new Set(sent.map(({ key }) => key)).size).toBe(1);
  expect(sent).toHaveLength(3);
});

test("a refused request fails all its rows and goes on; without the API it ends", async () => {
  answers.push(() => Response.json({ detail: "No." }, { status: 422 }));
  expect(await written(changes(101))).toEqual([...Array<string>(100).fill("No."), 4]);
  answers = Array.from({ length: 6 }, () => () => new TypeError("no network"));
  expect(new Set(await written(changes(150)))).toEqual(new Set(["The API cannot be reached."]));
  expect(api.trouble.get()).toBeInstanceOf(UnreachableError);
});
