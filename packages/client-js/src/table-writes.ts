/**
 * The user's own writes. They are shown at once, and removed if the API refuses them. Only the stream
 * changes the rows themselves: until the row has the version in the API's answer, the written values
 * are shown in place of the row's.
 */
import { type Api, withJson } from "./http.ts";
import { toJson } from "./json.ts";
import { keyOf, type Row, versionOf } from "./row.ts";
import type { RowSet } from "./row-set.ts";
import { ConflictError, readRow, RowWriter } from "./row-writer.ts";
import type { SchemaFeed } from "./schema-feed.ts";

/** A key: the value of its only column, or an object with all its columns, such as the whole row. */
export type KeyLike = string | number | bigint | object;

/** A row that was not written, and the reason. */
export interface Failed {
  readonly key: KeyLike;
  readonly error: Error;
}

/**
 * While live, an answered write is removed after this time: the stream has shown it, or the row no
 * longer exists.
 */
const SHOWN_WITHIN_MS = 10_000;

/** A write that the stream has not shown yet. */
interface Pending {
  readonly key: string;
  /** The new values; null for a delete. */
  readonly change: Row | null;
  readonly isInsert: boolean;
  /** The row in the API's answer; null before the answer. */
  answer: Row | null;
  answeredAt: number;
}

interface Rows {
  known(key: string): Row | undefined;
  isLive(): boolean;
  changed(): void;
}

export class TableWrites {
  readonly #api: Api;
  readonly #writer: RowWriter;
  readonly #schema: SchemaFeed;
  readonly #name: string;
  readonly #rows: Rows;
  /** In the order of the writes. */
  #pending: readonly Pending[] = [];
  /** Rows from conflicts that the stream has not shown yet. */
  readonly #told = new Map<string, Row>();
  #inserts = 0;

  constructor(api: Api, schema: SchemaFeed, name: string, rows: Rows) {
    this.#api = api;
    this.#schema = schema;
    this.#name = name;
    this.#rows = rows;
    this.#writer = new RowWriter(api, name);
  }

  get path(): string {
    return this.#writer.path;
  }

  keyOf(key: KeyLike): string {
    const columns = this.#key;
    if (typeof key === "object") return keyOf(key as Row, columns);
    return keyOf({ [columns[0] ?? "id"]: key }, columns.slice(0, 1));
  }

  /** Returns a row with its pending writes. */
  shown(key: string): Row | undefined {
    return this.#pending.reduce<Row | undefined>(
      (row, write) => (write.key === key ? changed(row, write) : row),
      this.#rows.known(key),
    );
  }

  /** Returns the rows with all pending writes; the same array if there are none. */
  over(set: RowSet): readonly Row[] {
    const { rows, view } = set;
    this.#pending = this.#pending.filter((write) => !this.#isSettled(write));
    if (this.#pending.length === 0) return rows;
    const keys = new Set(this.#pending.map(({ key }) => key));
    const others = rows.filter((row) => !keys.has(keyOf(row, view.key)));
    const written = [...keys].map((key) => this.shown(key)).filter((row) => row !== undefined);
    return [...others, ...written.filter((row) => view.matches(row) && !set.precedes(row))].sort(
      view.compare,
    );
  }

  async insert(values: Row, { idempotencyKey }: { idempotencyKey?: string } = {}): Promise<Row> {
    this.#inserts += 1;
    const key = `new ${this.#inserts}`;
    const headers = { "Idempotency-Key": idempotencyKey ?? globalThis.crypto.randomUUID() };
    const write = pending(key, values, true);
    return this.#show(write, async () => {
      const row = await this.#api.request(
        readRow,
        this.path,
        withJson("POST", toJson(values), headers),
      );
      // From now on the row has its real key.
      this.#pending = this.#pending.filter((each) => each !== write);
      this.#add(answered({ ...write, key: keyOf(row, this.#key), change: row }, row));
      return row;
    });
  }

  update(key: string, change: Row): Promise<Row> {
    const seen = this.#seen(key);
    const write = pending(key, change);
    return this.#show(write, async () => {
      const row = await this.#writer.change(key, seen, change);
      answered(write, row);
      return row;
    });
  }

  async delete(key: string): Promise<void> {
    const seen = this.#seen(key);
    const write = pending(key, null);
    await this.#show(write, async () => {
      await this.#writer.delete(key, seen);
      answered(write, {});
    });
  }

  /** Changes rows, or deletes them if `change` is null. Returns the rows that were not written. */
  async writeMany(keys: readonly KeyLike[], change: Row | null): Promise<readonly Failed[]> {
    const columns = this.#key;
    const wanted = keys.map((named) => {
      const key = this.keyOf(named);
      const own = typeof named === "object" ? (named as Row) : { [columns[0] ?? "id"]: named };
      const write = pending(key, change);
      return { key: named, seen: { ...own, ...this.#seen(key) }, change, write };
    });
    const failed: Failed[] = [];
    const underway = new Set(wanted.map(({ write }) => write));
    this.#pending = [...this.#pending, ...underway];
    this.#rows.changed();
    try {
      const { writeMany } = await import("./bulk-writer.ts"); // few pages need it
      await this.#schema.ensure();
      for await (const outcomes of writeMany(this.#api, this.#writer, this.#key, wanted)) {
        for (const { wanted, version, error } of outcomes) {
          if (error) failed.push({ key: wanted.key, error });
          else if (underway.delete(wanted.write)) answered(wanted.write, { version });
          if (error instanceof ConflictError && error.theirs)
            this.#told.set(wanted.write.key, error.theirs);
        }
      }
    } finally {
      this.#pending = this.#pending.filter((write) => !underway.has(write));
      this.#rows.changed();
      setTimeout(() => this.#rows.changed(), SHOWN_WITHIN_MS + 1);
    }
    return failed;
  }

  /**
   * Returns the row that the user has seen: the shown one, or the one from a conflict if it is newer.
   */
  #seen(key: string): Row {
    const shown = this.shown(key) ?? {};
    const told = this.#told.get(key);
    if (told && versionOf(told) > versionOf(shown)) return told;
    this.#told.delete(key);
    return shown;
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
      if (error instanceof ConflictError && error.theirs) this.#told.set(write.key, error.theirs);
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

const pending = (key: string, change: Row | null, isInsert = false): Pending => ({
  key,
  change,
  isInsert,
  answer: null,
  answeredAt: 0,
});

const answered = (write: Pending, answer: Row): Pending =>
  Object.assign(write, { answer, answeredAt: Date.now() });

function changed(row: Row | undefined, { change, isInsert, answer }: Pending): Row | undefined {
  if (change === null) return undefined;
  if (row === undefined && !isInsert) return undefined;
  return { ...row, ...change, ...answer };
}
