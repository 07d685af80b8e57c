/**
 * The user's own writes: shown at once, and taken back if the API refuses them. Only the stream changes
 * the rows themselves: a write covers its row until the row has the version that the API answered with.
 */
import { type Api, RefusedError, withJson } from "./http.ts";
import { toJson } from "./json.ts";
import { ORDERS } from "./messages.ts";
import { isId, isRow, keyOf, type Row, versionOf } from "./row.ts";
import type { View } from "./row-set.ts";
import type { SchemaFeed } from "./schema-feed.ts";

/** A key: its only column's value, or an object of all its columns (a whole row will do). */
export type KeyLike = string | number | bigint | object;

/** The row has changed since it was shown. `mine` is what was wanted, null for a delete. */
export class ConflictError extends RefusedError {
  override readonly name = "ConflictError";
  /** The row as it was shown. */
  readonly seen: Row;
  readonly mine: Row | null;
  /** The row as it is; null where the API does not tell. */
  readonly theirs: Row | null;

  constructor({ message, body }: RefusedError, seen: Row, mine: Row | null) {
    super(412, message, {}, body);
    this.seen = seen;
    this.mine = mine;
    const { order, row = order } = isRow(body) ? body : {};
    this.theirs = isRow(row) ? row : null;
  }
}

/** A live stream has shown a write by then, or shows no sign of it: the row may be gone again. */
const SHOWN_WITHIN_MS = 10_000;

/** A write that the stream has not shown yet. */
interface Pending {
  readonly key: string;
  /** The new values; null for a delete. */
  readonly change: Row | null;
  readonly isInsert: boolean;
  /** The row in the API's answer; null until it arrives. */
  answer: Row | null;
  answeredAt: number;
}

interface Rows {
  known(key: string): Row | undefined;
  isLive(): boolean;
  changed(): void;
}

export class TableWrites {
  readonly path: string;
  readonly #api: Api;
  readonly #schema: SchemaFeed;
  readonly #name: string;
  readonly #rows: Rows;
  /** In the order in which they were made. */
  #pending: readonly Pending[] = [];
  /** The newest unanswered write to each row: the next one continues from its answer. */
  readonly #underway = new Map<string, Promise<Row | null>>();
  #inserts = 0;

  constructor(api: Api, schema: SchemaFeed, name: string, rows: Rows) {
    this.#api = api;
    this.#schema = schema;
    this.#name = name;
    this.#rows = rows;
    this.path = name === ORDERS ? "/api/orders" : `/api/tables/${encodeURIComponent(name)}`;
  }

  keyOf(key: KeyLike): string {
    const columns = this.#key;
    if (typeof key === "object") return keyOf(key as Row, columns);
    return keyOf({ [columns[0] ?? "id"]: key }, columns.slice(0, 1));
  }

  /** A row with the pending writes to it. */
  shown(key: string): Row | undefined {
    return this.#pending.reduce<Row | undefined>(
      (row, write) => (write.key === key ? changed(row, write) : row),
      this.#rows.known(key),
    );
  }

  /** The rows with all pending writes; the rows themselves where there are none. */
  over(rows: readonly Row[], view: View): readonly Row[] {
    this.#pending = this.#pending.filter((write) => !this.#isSettled(write));
    if (this.#pending.length === 0) return rows;
    const keys = new Set(this.#pending.map(({ key }) => key));
    const others = rows.filter((row) => !keys.has(keyOf(row, view.key)));
    const written = [...keys].map((key) => this.shown(key)).filter((row) => row !== undefined);
    return [...others, ...written.filter(view.matches)].sort(view.compare);
  }

  async insert(values: Row, { idempotencyKey }: { idempotencyKey?: string } = {}): Promise<Row> {
    this.#inserts += 1;
    const key = `new ${this.#inserts}`;
    const headers = { "Idempotency-Key": idempotencyKey ?? globalThis.crypto.randomUUID() };
    const write: Pending = { key, change: values, isInsert: true, answer: null, answeredAt: 0 };
    return this.#show(write, async () => {
      const row = await this.#api.request(
        readRow,
        this.path,
        withJson("POST", toJson(values), headers),
      );
      // From here on the row is known by its key.
      this.#pending = this.#pending.filter((each) => each !== write);
      this.#add(answered({ ...write, key: keyOf(row, this.#key), change: row }, row));
      return row;
    });
  }

  update(key: string, change: Row): Promise<Row> {
    const shown = this.shown(key) ?? {};
    const write: Pending = { key, change, isInsert: false, answer: null, answeredAt: 0 };
    return this.#show(write, () =>
      this.#after(key, shown, async (seen) => {
        const init = withJson("PATCH", toJson(change), ifUnchanged(seen));
        const row = await this.#api
          .request(readRow, `${this.path}/${key}`, init)
          .catch(conflict(seen, change));
        answered(write, row);
        return row;
      }),
    ) as Promise<Row>;
  }

  async delete(key: string): Promise<void> {
    const shown = this.shown(key) ?? {};
    const write: Pending = { key, change: null, isInsert: false, answer: null, answeredAt: 0 };
    await this.#show(write, () =>
      this.#after(key, shown, async (seen) => {
        const init = { method: "DELETE", headers: ifUnchanged(seen) };
        await this.#api.send(`${this.path}/${key}`, init).catch(conflict(seen, null));
        answered(write, {});
        return null;
      }),
    );
  }

  get #key(): readonly string[] {
    return this.#schema.table(this.#name)?.key ?? ["id"];
  }

  async #show<T>(write: Pending, send: () => Promise<T>): Promise<T> {
    this.#add(write);
    try {
      await this.#schema.ensure();
      return await send();
    } catch (error) {
      this.#pending = this.#pending.filter((each) => each !== write);
      throw error;
    } finally {
      this.#rows.changed();
      setTimeout(() => this.#rows.changed(), SHOWN_WITHIN_MS + 1);
    }
  }

  #add(write: Pending): void {
    this.#pending = [...this.#pending, write];
    this.#rows.changed();
  }

  /** One write to a row at a time: each names the version that the one before it made. */
  async #after(
    key: string,
    shown: Row,
    send: (seen: Row) => Promise<Row | null>,
  ): Promise<Row | null> {
    const before = this.#underway.get(key) ?? Promise.resolve(null);
    const write = before
      .catch(() => null)
      .then((answer) => send(answer && versionOf(answer) > versionOf(shown) ? answer : shown));
    this.#underway.set(key, write);
    try {
      return await write;
    } finally {
      if (this.#underway.get(key) === write) this.#underway.delete(key);
    }
  }

  /** Whether the rows show the write, or something newer. */
  #isSettled({ key, change, answer, answeredAt }: Pending): boolean {
    if (answer === null) return false;
    if (this.#rows.isLive() && Date.now() - answeredAt > SHOWN_WITHIN_MS) return true;
    const known = this.#rows.known(key);
    if (change === null) return known === undefined;
    if (known === undefined) return false;
    return versionOf(known) >= versionOf(answer);
  }
}

const answered = (write: Pending, answer: Row): Pending =>
  Object.assign(write, { answer, answeredAt: Date.now() });

function changed(row: Row | undefined, { change, isInsert, answer }: Pending): Row | undefined {
  if (change === null) return undefined;
  if (row === undefined && !isInsert) return undefined;
  return { ...row, ...change, ...answer };
}

/** Without a version there is nothing to compare: the write is unconditional. */
const ifUnchanged = ({ version }: Row): Record<string, string> =>
  isId(version) ? { "If-Match": `"${version}"` } : {};

const conflict =
  (seen: Row, mine: Row | null) =>
  (error: unknown): never => {
    throw error instanceof RefusedError && error.status === 412
      ? new ConflictError(error, seen, mine)
      : error;
  };

const readRow = (body: unknown): Row | null => (isRow(body) ? body : null);
