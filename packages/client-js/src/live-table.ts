/**
 * A table that stays right: joins snapshots with the stream.
 *
 * A page from the API shows one moment; events that arrive while it is on its way may be older or
 * newer. They are kept and applied to the page when it arrives.
 */
import { backoffMs } from "./backoff.ts";
import { type Filter, filterToQuery, matcherOf, type Value } from "./filters.ts";
import type { Place } from "./follower.ts";
import { type Api, RefusedError } from "./http.ts";
import type { Phase } from "./connection.ts";
import { type ChangeEvent, ORDERS } from "./messages.ts";
import { Observable } from "./observable.ts";
import { isRow, type Row } from "./row.ts";
import { orderOf, type Page, RowSet } from "./row-set.ts";
import type { SchemaFeed } from "./schema-feed.ts";
import { type KeyLike, TableWrites } from "./table-writes.ts";

export interface TableOptions {
  /** Only the row of this key. */
  readonly key?: KeyLike;
  /** Which rows: by column, the values that match, or a range. */
  readonly filter?: Filter;
  /** Words that rows must contain. Searched rows are not filtered by the server's stream. */
  readonly search?: string;
  /** `column`, or `-column` for descending order; default: by key, newest first. */
  readonly sort?: string;
  /** The most rows to hold; default: all. */
  readonly limit?: number;
}

export interface TableState {
  /**
   * `loading`: no rows yet. `live`. `catching up`: some changes are missing, and rows are loaded again.
   * `stale`: the connection is lost. `refused`: the API does not give these rows.
   */
  readonly phase: "loading" | "live" | "catching up" | "stale" | "refused";
  /** While stale: since when (epoch, ms). */
  readonly staleSince: number | null;
  /** Why events were missed, while rows are loaded again. */
  readonly reset: string | null;
  /** Why the last request failed; null after one that succeeded. */
  readonly problem: Error | null;
  /** Whether there are more rows than `limit`. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
}

/** What a table shows at one moment; another object after each change. */
export interface TableSnapshot<R extends object = Row> {
  readonly rows: readonly R[];
  readonly state: TableState;
}

/** What a table needs of its connection. */
export interface Host {
  readonly api: Api;
  readonly schema: SchemaFeed;
  /** The state of the connection. */
  connected(): { readonly phase: Phase; readonly heardAt: number | null };
  /** Someone is interested in the table, or no longer. */
  attach(table: AnyTable): void;
  detach(table: AnyTable): void;
  /** Rows of this place are shown; false: events after it are missing, so load again. */
  follow(table: AnyTable, place: Place): boolean;
  /** The rows could not be loaded. */
  failed(table: AnyTable): void;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table of any rows
export type AnyTable = LiveTable<any>;

const LARGEST_PAGE = 1000;
/** A set may grow over its limit by this much before it is cut. */
const SLACK = 200;
const RELOADS_APART_MS = 500;
/** Statuses of a request that would be refused again. */
const REFUSALS = [400, 403, 404, 422];

const NOTHING: TableSnapshot = {
  rows: [],
  state: {
    phase: "loading",
    staleSince: null,
    reset: null,
    problem: null,
    hasMore: false,
    isLoadingMore: false,
  },
};

export class LiveTable<R extends object = Row> {
  readonly name: string;
  readonly options: TableOptions;
  /** Events after this position are certain to arrive. */
  since = 0;

  readonly #host: Host;
  readonly #snapshot = new Observable<TableSnapshot>(NOTHING);
  readonly #writes: TableWrites;
  #limit: number;
  #set: RowSet | null = null;
  #listeners = 0;
  #request: AbortController | null = null;
  #isLoadingMore = false;
  #missed: ChangeEvent[] = [];
  #missedConflated = false;
  #reset: string | null = null;
  #problem: Error | null = null;
  #failures = 0;
  #reloadedAt = -Infinity;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, name: string, options: TableOptions) {
    this.#host = host;
    this.name = name;
    this.options = options;
    this.#limit = options.limit ?? Infinity;
    this.#writes = new TableWrites(host.api, host.schema, name, {
      known: (key) => this.#set?.get(key),
      isLive: () => host.connected().phase === "live",
      changed: () => this.#publish(),
    });
  }

  /** The rows, in order. */
  get rows(): readonly R[] {
    return this.#snapshot.get().rows as readonly R[];
  }

  get state(): TableState {
    return this.#snapshot.get().state;
  }

  /** The row of a key, if it is among those that are held. */
  get(key: KeyLike): R | undefined {
    return this.#writes.shown(this.#writes.keyOf(key)) as R | undefined;
  }

  /** What a server renders, and a page before it follows the table. */
  readonly getServerSnapshot = (): TableSnapshot<R> => NOTHING as unknown as TableSnapshot<R>;

  readonly getSnapshot = (): TableSnapshot<R> => this.#snapshot.get() as TableSnapshot<R>;

  /** Follow the table, and call the listener after each change: once per frame at most. */
  readonly subscribe = (listener: () => void): (() => void) => {
    const unsubscribe = this.#snapshot.subscribe(listener);
    this.#listeners += 1;
    if (this.#listeners === 1) this.#host.attach(this);
    let isSubscribed = true;
    return () => {
      if (!isSubscribed) return;
      isSubscribed = false;
      unsubscribe();
      this.#listeners -= 1;
      if (this.#listeners === 0) this.#host.detach(this);
    };
  };

  /** Hold more rows than `limit`. */
  loadMore(count = Math.max(100, this.#set?.size ?? 0)): void {
    const { hasMore, isLoadingMore } = this.state;
    if (!hasMore || isLoadingMore) return;
    this.#limit = Math.max(this.#limit, (this.#set?.size ?? 0) + Math.min(count, LARGEST_PAGE));
    this.#fill();
  }

  /** Create a row; it is shown at once, and taken back if the API refuses it. */
  insert(values: Partial<R>, options?: { idempotencyKey?: string }): Promise<R> {
    return this.#writes.insert(values, options) as Promise<R>;
  }

  /**
   * Change a row; shown at once. Throws a ConflictError, which has both values, where the row has
   * another version than the one that is shown.
   */
  update(key: KeyLike, change: Partial<R>): Promise<R> {
    return this.#writes.update(this.#writes.keyOf(key), change) as Promise<R>;
  }

  /** Delete a row; hidden at once. Throws as `update`. */
  delete(key: KeyLike): Promise<void> {
    return this.#writes.delete(this.#writes.keyOf(key));
  }

  // --- called by the host --------------------------------------------------------------------------

  /** Whether the API refuses the rows: then the stream would refuse the filter as well. */
  get isRefused(): boolean {
    return this.#problem instanceof RefusedError && REFUSALS.includes(this.#problem.status);
  }

  /** Which rows the stream must deliver. */
  get filter(): Filter {
    const { filter = {}, key } = this.options;
    if (key === undefined) return filter;
    const columns = this.#host.schema.table(this.name)?.key ?? ["id"];
    const parts = (typeof key === "object" ? key : { [columns[0] ?? "id"]: key }) as Row;
    const own = columns.map((column) => [column, [parts[column] as Value]] as const);
    return { ...filter, ...Object.fromEntries(own) };
  }

  get isLoaded(): boolean {
    return this.#set !== null;
  }

  get position(): number {
    return this.#set?.position ?? 0;
  }

  receive(events: readonly ChangeEvent[], conflated: boolean): void {
    const mine = events.filter(({ table }) => table === this.name);
    if (this.#request) {
      for (const event of mine) this.#missed.push(event);
      this.#missedConflated ||= conflated;
    }
    if (!this.#set || mine.length === 0) return;
    if (this.#set.apply(mine, conflated)) this.reload();
    this.#set.trim(this.#limit + SLACK);
    this.#publish();
    this.#fill();
  }

  /** Fetch everything that is shown again: the stream cannot tell what happened in between. */
  reload(reset: string | null = null): void {
    clearTimeout(this.#retry);
    this.#reset = reset ?? this.#reset;
    // A gateway and an API that disagree must not cause requests without pause.
    const pause = Math.max(0, this.#reloadedAt + RELOADS_APART_MS - Date.now());
    this.#retry = setTimeout(() => {
      this.#reloadedAt = Date.now();
      void this.#load();
    }, pause);
    this.#publish();
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#request?.abort();
    this.#request = null;
    this.#set = null;
    this.#reset = null;
    this.#problem = null;
    this.#snapshot.set(NOTHING);
  }

  /** The connection has another state. */
  connectionChanged(): void {
    if (this.#phase() !== this.state.phase) this.#publish();
  }

  // --- loading ---------------------------------------------------------------------------------

  async #load(): Promise<void> {
    await this.#ask(
      async (signal) => {
        // Of rows that were not shown before, the first page is shown before the others arrive.
        const wanted = Math.min(this.#limit, this.#set?.size ?? 0);
        const first = await this.#page(
          null,
          this.#set ? Math.max(wanted, 100) : this.#limit,
          signal,
        );
        const { name, schema } = { name: this.name, schema: this.#host.schema };
        const table = schema.table(name) ?? { name, key: ["id"], parent: null, columns: [] };
        const { filter = {}, search = "", sort } = this.options;
        const matches = matcherOf(filter, search, table);
        const set = new RowSet({ key: table.key, matches, ...orderOf(table, sort) }, first);
        while (typeof set.cursor === "string" && set.size < wanted) {
          set.extend(await this.#page(set.cursor, wanted - set.size, signal), [], false);
        }
        const { stream, position } = first;
        set.apply(this.#missed, this.#missedConflated);
        this.#set = set;
        if (!this.#host.follow(this, { stream, position }))
          throw new Error("The rows are not new enough.");
        this.#reset = null;
      },
      () => this.reload(),
    );
  }

  /** Load the next page where rows have left, or the limit has grown. */
  #fill(again = false): void {
    const set = this.#set;
    if (!set || set.cursor === null || set.size >= this.#limit || this.#request) return;
    if (this.#problem !== null && !again) return;
    const { cursor } = set;
    if (cursor === undefined) {
      this.reload();
      return;
    }
    this.#isLoadingMore = true;
    void this.#ask(
      async (signal) => {
        const page = await this.#page(cursor, this.#limit - set.size, signal);
        // A TRUNCATE in between leaves nothing that the page could continue.
        if (set.cursor === cursor) set.extend(page, this.#missed, this.#missedConflated);
      },
      () => this.#fill(true),
    );
  }

  async #page(cursor: string | null, most: number, signal: AbortSignal): Promise<Page> {
    await this.#host.schema.ensure(signal);
    const { search = "", sort } = this.options;
    const query = filterToQuery(this.filter, this.#host.schema.table(this.name));
    if (search !== "") query.set("search", search);
    if (sort !== undefined) query.set("sort", sort);
    query.set("limit", String(Math.min(most, LARGEST_PAGE)));
    if (cursor !== null) query.set("cursor", cursor);
    const address = `${this.#writes.path}?${query.toString()}`;
    const page = await this.#host.api.request(readPage, address, { signal });
    signal.throwIfAborted(); // the answer may have arrived before the abort
    return page;
  }

  /** One request at a time; a newer one replaces it. A failed one is repeated later. */
  async #ask(answer: (signal: AbortSignal) => Promise<void>, again: () => void): Promise<void> {
    clearTimeout(this.#retry);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#missed = [];
    this.#missedConflated = false;
    this.#publish();
    try {
      await answer(request.signal);
      if (this.#request !== request) return;
      this.#failures = 0;
      this.#problem = null;
    } catch (error) {
      if (this.#request !== request) return; // a newer request took its place
      this.#problem = error instanceof Error ? error : new Error(String(error));
      if (!this.isRefused) this.#retry = setTimeout(again, backoffMs(this.#failures));
      this.#failures += 1;
      this.#host.failed(this);
    }
    this.#request = null;
    this.#isLoadingMore = false;
    this.#missed = [];
    this.#publish();
    if (this.#problem === null) this.#fill();
  }

  #phase(): TableState["phase"] {
    if (!this.#set) return this.isRefused ? "refused" : "loading";
    const { phase } = this.#host.connected();
    if (phase !== "live") return phase === "idle" ? "loading" : "stale";
    return this.#reset === null ? "live" : "catching up";
  }

  #publish(): void {
    const phase = this.#phase();
    const set = this.#set;
    const rows = set ? this.#writes.over(set.rows, set.view) : this.#snapshot.get().rows;
    const state: TableState = {
      phase,
      staleSince: phase === "stale" ? this.#host.connected().heardAt : null,
      reset: this.#reset,
      problem: this.#problem,
      hasMore: set !== null && (set.cursor !== null || rows.length > this.#limit),
      isLoadingMore: this.#isLoadingMore,
    };
    this.#snapshot.set({
      rows: rows.length > this.#limit ? rows.slice(0, this.#limit) : rows,
      state,
    });
  }
}

function readPage(body: unknown): Page | null {
  if (!isRow(body)) return null;
  const { stream, position, next_cursor } = body;
  const rows = body[ORDERS] ?? body.rows;
  const isPage =
    typeof stream === "string" &&
    typeof position === "number" &&
    (next_cursor === null || typeof next_cursor === "string") &&
    Array.isArray(rows);
  if (!isPage) return null;
  return { stream, position, rows: rows.filter(isRow), next_cursor };
}
