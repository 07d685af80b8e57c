/**
 * Sends changes of rows to the API: one at a time for each row, and only to a row that is still as its
 * user saw it.
 */
import { type Api, RefusedError, withJson } from "./http.ts";
import { parseJson, toJson } from "./json.ts";
import { ORDERS } from "./messages.ts";
import { isRow, type Row, versionOf } from "./row.ts";

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

/** Rows that are remembered, more than are written before the stream shows them. */
const MOST_REMEMBERED = 1000;

export class RowWriter {
  readonly path: string;
  readonly #api: Api;
  /** The newest unanswered write to each row. */
  readonly #underway = new Map<string, Promise<unknown>>();
  /** Rows from answers and conflicts: the stream may show them later. */
  readonly #newest = new Map<string, Row>();

  constructor(api: Api, table: string) {
    this.#api = api;
    this.path = table === ORDERS ? "/api/orders" : `/api/tables/${encodeURIComponent(table)}`;
  }

  /** Throws a ConflictError where the row is no longer as it was seen. */
  change(key: string, shown: Row, change: Row): Promise<Row> {
    return this.#inTurn(key, async () => {
      const seen = this.#seen(key, shown);
      try {
        const init = withJson("PATCH", toJson(change), await this.#ifUnchanged(key, seen));
        return this.#remember(
          key,
          await this.#api.request(readRow, `${this.path}/${key}`, init),
        );
      } catch (error) {
        throw this.#conflict(error, key, seen, change);
      }
    });
  }

  /** `leaving`: the page may be closing, so there is no time for a request before this one. */
  delete(key: string, shown: Row, leaving = false): Promise<void> {
    return this.#inTurn(key, async () => {
      const seen = this.#seen(key, shown);
      try {
        const known = leaving && versionOf(seen) === 0 ? {} : seen;
        const headers = await this.#ifUnchanged(key, known);
        const init = { method: "DELETE", headers, keepalive: leaving };
        await this.#api.send(`${this.path}/${key}`, init);
        this.#newest.delete(key);
      } catch (error) {
        throw this.#conflict(error, key, seen, null);
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

  /** The row as the user saw it, in an answer or a conflict where that is newer than what was shown. */
  #seen(key: string, shown: Row): Row {
    const known = this.#newest.get(key);
    return known && versionOf(known) > versionOf(shown) ? known : shown;
  }

  #remember(key: string, row: Row): Row {
    this.#newest.delete(key);
    this.#newest.set(key, row);
    for (const [oldest] of this.#newest) {
      if (this.#newest.size <= MOST_REMEMBERED) break;
      this.#newest.delete(oldest);
    }
    return row;
  }

  #conflict(error: unknown, key: string, seen: Row, mine: Row | null): unknown {
    if (!(error instanceof RefusedError) || error.status !== 412) return error;
    const conflict = new ConflictError(error, seen, mine);
    // Whoever writes again has been told of this row.
    if (conflict.theirs) this.#remember(key, conflict.theirs);
    return conflict;
  }

  /**
   * The condition that a row is as it was seen: its version; where it has none the tag that the API
   * gives to it, as long as its columns are the same. A row that was never seen is written as it is.
   */
  async #ifUnchanged(key: string, seen: Row): Promise<Record<string, string>> {
    if (versionOf(seen) !== 0) return { "If-Match": `"${versionOf(seen)}"` };
    if (Object.keys(seen).length === 0) return {};
    const response = await this.#api.send(`${this.path}/${key}`);
    const now = readRow(parseJson(await response.text()));
    const known = [seen, this.#newest.get(key)];
    if (now && !known.some((row) => row && isSame(now, row))) {
      throw new RefusedError(412, "The row has changed since.", {}, { row: now });
    }
    const tag = response.headers.get("ETag");
    return tag === null ? {} : { "If-Match": tag };
  }
}

/** Whether a row has the values of all columns; it may have more, such as lists of children. */
const isSame = (now: Row, row: Row): boolean =>
  Object.entries(now).every(([name, value]) => toJson(value) === toJson(row[name] ?? null));

export const readRow = (body: unknown): Row | null => (isRow(body) ? body : null);
