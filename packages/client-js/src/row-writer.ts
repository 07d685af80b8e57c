/**
 * Sends changes of rows to the API: one at a time for each row, and only if the row has not changed
 * since the user saw it.
 */
import { type Api, RefusedError, withJson } from "./http.ts";
import { parseJson, toJson } from "./json.ts";
import { ORDERS } from "./messages.ts";
import { isRow, type Row, versionOf } from "./row.ts";

/**
 * Thrown when the row has changed since it was shown. `mine` is the wanted change, null for a delete.
 */
export class ConflictError extends RefusedError {
  override readonly name = "ConflictError";
  /** The row as it was shown. */
  readonly seen: Row;
  readonly mine: Row | null;
  /** The row as it is now; null if the API does not tell. */
  readonly theirs: Row | null;

  constructor({ message, body }: RefusedError, seen: Row, mine: Row | null) {
    super(412, message, {}, body);
    this.seen = seen;
    this.mine = mine;
    const { order, row = order } = isRow(body) ? body : {};
    this.theirs = isRow(row) ? row : null;
  }
}

/** Returns the API's path of a table's rows. */
export const pathOf = (table: string): string =>
  table === ORDERS ? "/api/orders" : `/api/tables/${encodeURIComponent(table)}`;

/** The most results to keep: more than the writes that wait for the stream at one time. */
const MOST_REMEMBERED = 1000;

/** The client's own writes to a row: `from` is the row before the first write, `row` after the last. */
interface Own {
  readonly from: Row;
  readonly row: Row;
}

export class RowWriter {
  readonly path: string;
  readonly #api: Api;
  /** The newest unanswered write to each row. */
  readonly #underway = new Map<string, Promise<unknown>>();
  /**
   * The results of the client's own writes, from which the next write continues until the stream shows
   * them.
   */
  readonly #own = new Map<string, Own>();

  constructor(api: Api, table: string) {
    this.#api = api;
    this.path = pathOf(table);
  }

  /** Changes a row. Throws a ConflictError if the row has changed since it was seen. */
  change(key: string, shown: Row, change: Row): Promise<Row> {
    return this.#inTurn(key, async () => {
      const seen = this.latest(key, shown);
      try {
        const init = withJson("PATCH", toJson(change), await this.#ifUnchanged(key, seen));
        const row = await this.#api.request(readRow, `${this.path}/${key}`, init);
        this.remember(key, seen, row);
        return row;
      } catch (error) {
        throw conflictOf(error, seen, change);
      }
    });
  }

  /**
   * Deletes a row. `leaving`: the page may be closing, so there is no time for a request before this
   * one.
   */
  delete(key: string, shown: Row, leaving = false): Promise<void> {
    return this.#inTurn(key, async () => {
      const seen = this.latest(key, shown);
      try {
        const known = leaving && versionOf(seen) === 0 ? {} : seen;
        const headers = await this.#ifUnchanged(key, known);
        const init = { method: "DELETE", headers, keepalive: leaving };
        await this.#api.send(`${this.path}/${key}`, init);
        this.#own.delete(key);
      } catch (error) {
        throw conflictOf(error, seen, null);
      }
    });
  }

  async #inTurn<T>(key: string, send: () => Promise<T>): Promise<T> {
    const before = this.#underway.get(key);
    const write = before ? before.catch(() => null).then(send) : send();
    this.#underway.set(key, write);
    try {
      return await write;
    } finally {
      if (this.#underway.get(key) === write) this.#underway.delete(key);
    }
  }

  /**
   * Returns the result of the client's own writes. Returns `shown` if there are none, or if the row has
   * changed since.
   */
  latest(key: string, shown: Row): Row {
    const own = this.#own.get(key);
    if (!own) return shown;
    const version = versionOf(shown);
    if (version === 0) return isSame(own.from, shown) ? own.row : shown;
    return versionOf(own.from) <= version && version < versionOf(own.row) ? own.row : shown;
  }

  /** Stores the answer to a write of this client. */
  remember(key: string, seen: Row, row: Row): void {
    const before = this.#own.get(key);
    const from = before?.row === seen ? before.from : seen;
    this.#own.delete(key);
    this.#own.set(key, { from, row });
    for (const [oldest] of this.#own) {
      if (this.#own.size <= MOST_REMEMBERED) break;
      this.#own.delete(oldest);
    }
  }

  /**
   * Returns the header that makes the write conditional on an unchanged row. It contains the row's
   * version. For a row without a version it contains the API's tag, if the row's values are still the
   * same. A row that was never seen is written without a condition.
   */
  async #ifUnchanged(key: string, seen: Row): Promise<Record<string, string>> {
    if (versionOf(seen) !== 0) return { "If-Match": `"${versionOf(seen)}"` };
    if (Object.keys(seen).length === 0) return {};
    const response = await this.#api.send(`${this.path}/${key}`);
    const now = readRow(parseJson(await response.text()));
    if (now && !isSame(now, seen)) {
      const body = { code: "row_changed", row: now };
      throw new RefusedError(412, "The row has changed since.", {}, body);
    }
    const tag = response.headers.get("ETag");
    return tag === null ? {} : { "If-Match": tag };
  }
}

/**
 * Whether `row` has the same value in each column of `now`. It may have more members, such as lists of
 * children.
 */
const isSame = (now: Row, row: Row): boolean =>
  Object.entries(now).every(([name, value]) => toJson(value) === toJson(row[name] ?? null));

export const conflictOf = (error: unknown, seen: Row, mine: Row | null): unknown =>
  error instanceof RefusedError && error.status === 412
    ? new ConflictError(error, seen, mine)
    : error;

export const readRow = (body: unknown): Row | null => (isRow(body) ? body : null);
