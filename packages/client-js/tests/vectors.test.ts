/** The cases that clients in every language must pass: tests/vectors, and its README. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type Filter, matcherOf, type Tables } from "../src/filters.ts";
import { type Action, Follower, type Place } from "../src/follower.ts";
import { parseJson, toJson } from "../src/json.ts";
import { type ChangeEvent, readMessage } from "../src/messages.ts";
import type { Row } from "../src/row.ts";
import { orderOf, RowSet } from "../src/row-set.ts";
import { type Column, readSchema } from "../src/schema.ts";

const read = (name: string): unknown =>
  parseJson(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url), "utf-8"));

type RowsByTable = Readonly<Record<string, readonly Row[]>>;
interface Snapshot extends Place {
  readonly rows: RowsByTable;
}
interface Then {
  readonly state: string;
  readonly position: number | null;
  readonly stream?: string;
  readonly events?: readonly number[];
  readonly rows?: RowsByTable;
  readonly snapshot?: string;
  readonly send?: unknown;
  readonly proven?: boolean;
  readonly renew?: boolean;
}
type Step =
  | { readonly connect: Record<string, unknown> }
  | { readonly take: unknown; readonly then: Then }
  | { readonly snapshot: Snapshot; readonly then: Then };
interface Case {
  readonly name: string;
  readonly tables?: Tables;
  readonly subscribes?: string;
  readonly keys?: Readonly<Record<string, readonly string[]>>;
  readonly snapshot?: Snapshot;
  readonly steps: readonly Step[];
}

/** A client: what the shell does with the follower's actions, and a set of rows for each table. */
class Client {
  readonly follower: Follower;
  readonly #keys: Readonly<Record<string, readonly string[]>>;
  #sets = new Map<string, RowSet>();
  state = "connecting";
  done: readonly Action[] = [];
  delivered: ChangeEvent[] = [];

  constructor({ tables, keys = { orders: ["id"] }, snapshot }: Case) {
    this.follower = new Follower(snapshot ?? null, tables ?? null);
    this.#keys = keys;
    if (snapshot) this.#load(snapshot);
  }

  connect(): Record<string, unknown> {
    this.state = "connecting";
    const { subscribe, ...query } = this.follower.connect();
    return { ...query, ...(subscribe !== undefined && { subscribe: parseJson(subscribe) }) };
  }

  take(message: unknown): void {
    this.#act(this.follower.take(readMessage(toJson(message))));
  }

  snapshot(snapshot: Snapshot): void {
    this.#load(snapshot);
    const { stream, position } = snapshot;
    const before = this.follower.place;
    const goesOn = stream === before?.stream && position >= before.position;
    this.follower.place = { stream, position };
    this.#act(goesOn ? [] : [{ do: "fail" }]);
  }

  get rows(): Record<string, readonly Row[]> {
    return Object.fromEntries([...this.#sets].map(([name, set]) => [name, set.rows]));
  }

  #load({ stream, position, rows }: Snapshot): void {
    for (const [name, key] of Object.entries(this.#keys)) {
      const view = { key, matches: () => true, ...orderOf({ key, columns: [] }, undefined) };
      const page = { stream, position, rows: rows[name] ?? [], next_cursor: null };
      this.#sets.set(name, new RowSet(view, page));
    }
  }

  #act(actions: readonly Action[]): void {
    this.done = actions;
    this.delivered = [];
    if (this.follower.state === "live") this.state = "live";
    for (const action of actions) {
      if (action.do === "fail") this.state = "lost";
      if (action.do !== "deliver") continue;
      this.delivered.push(...action.events);
      for (const [name, set] of this.#sets) {
        const mine = action.events.filter(({ table }) => table === name);
        set.apply(mine, action.conflated);
      }
    }
  }
}

/** Filters by message are the other way; this client has them in the address. */
const cases = [...(read("following") as Case[]), ...(read("random") as Case[])].filter(
  ({ subscribes }) => subscribes !== "by message",
);

test.each(cases.map((each) => [each.name, each] as const))("following: %s", (_name, each) => {
  const client = new Client(each);
  for (const step of each.steps) {
    if ("connect" in step) {
      expect(client.connect()).toEqual(step.connect);
      continue;
    }
    if ("take" in step) client.take(step.take);
    else client.snapshot(step.snapshot);
    compare(client, step.then);
  }
});

function compare(client: Client, then: Then): void {
  const { place } = client.follower;
  const reset = client.done.find((action) => action.do === "reset");
  const schema = client.done.find((action) => action.do === "schema" && action.changed);
  expect({
    state: client.state,
    position: place?.position ?? null,
    events: client.delivered.map(({ position }) => position),
    snapshot: reset?.do === "reset" ? reset.reason : schema && "schema",
    proven: client.done.some((action) => action.do === "proven"),
    renew: client.done.some((action) => action.do === "renew token"),
  }).toEqual({
    state: then.state,
    position: then.position,
    events: then.events ?? [],
    snapshot: then.snapshot,
    proven: then.proven ?? false,
    renew: then.renew ?? false,
  });
  if (then.stream !== undefined) expect(place?.stream).toBe(then.stream);
  if (!then.rows) return;
  const sorted = (rows: readonly Row[] = []) => rows.map(toJson).sort();
  for (const [name, rows] of Object.entries(client.rows)) {
    expect(sorted(rows)).toEqual(sorted(then.rows[name]));
  }
}

interface Tabled {
  readonly name: string;
  readonly table: string;
  readonly key: readonly string[];
  readonly columns: readonly Partial<Column>[];
  readonly rows: Readonly<Record<string, Row>>;
  readonly cases: readonly {
    readonly name: string;
    readonly filter?: Filter;
    readonly search?: string;
    readonly matches?: readonly string[];
    readonly sort?: string;
    readonly order?: readonly string[];
  }[];
}

describe.each(read("rows") as Tabled[])(
  "rows of $name",
  ({ table: name, key, columns, rows, cases }) => {
    const schema = readSchema({ version: "v", tables: [{ name, key, columns }] });
    const table = schema?.tables[0];
    test.each(cases)("$name", ({ filter = {}, search = "", matches, sort, order }) => {
      if (!table) throw new Error("the table cannot be read");
      const named = Object.entries(rows);
      if (matches) {
        const accepts = matcherOf(filter, search, table);
        expect(named.filter(([, row]) => accepts(row)).map(([each]) => each)).toEqual(matches);
      } else {
        const { compare } = orderOf(table, sort);
        const sorted = named.sort(([, a], [, b]) => compare(a, b)).map(([each]) => each);
        expect(sorted).toEqual(order);
      }
    });
  },
);

interface Digits {
  readonly name: string;
  readonly text: string;
  readonly digits: Readonly<Record<string, string>>;
}

test.each(read("digits") as Digits[])("digits: $name", ({ text, digits }) => {
  const parsed = parseJson(text) as Row;
  for (const [name, expected] of Object.entries(digits))
    expect(toJson(parsed[name])).toBe(expected);
  expect(parseJson(toJson(parsed))).toEqual(parsed);
});
