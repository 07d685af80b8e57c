/**
 * A table that stays correct by joining snapshots with the stream.
 *
 * A page from the API shows one moment. Events that arrive before the page may be older or newer, so
 * they are kept and applied to the page.
 */
import { attends } from "./attention.ts";
import { backoffMs } from "./backoff.ts";
import type { ChildLists } from "./children.ts";
import { type Filter, filterToQuery, matcherOf, type Value } from "./filters.ts";
import type { Place } from "./follower.ts";
import { RefusedError } from "./http.ts";
import type { ChangeEvent } from "./messages.ts";
import { Observable } from "./observable.ts";
import type { Row } from "./row.ts";
import { orderOf, type Page, RowSet } from "./row-set.ts";
import {
  type Host,
  NOTHING,
  readPage,
  type TableOptions,
  type TableSnapshot,
  type TableState,
} from "./table-state.ts";
import { MARGIN, TableWindow } from "./table-window.ts";
import { type Failed, type KeyLike, TableWrites } from "./table-writes.ts";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a table of any rows
export type AnyTable = LiveTable<any>;

const LARGEST_PAGE = 1000;
const LARGEST_PAGE_INCLUDING = 100;
/** How many rows a set may have beyond its limit before it is cut. */
const SLACK = 200;
const RELOADS_APART_MS = 500;
/**
 * How many rows of a page before the held rows should overlap them. If none does, rows in between are
 * missing.
 */
const OVERLAP = 10;
/** How often to load rows with a threshold again, because they become late without an event. */
const AGING_MS = 15_000;
/** Statuses of answers that would be the same again. */
const REFUSALS = [400, 403, 404, 422];

export class LiveTable<R extends object = Row> {
  readonly name: string;
  readonly options: TableOptions;
  /** All events after this position are certain to arrive. */
  since = 0;

  readonly #host: Host;
  readonly #snapshot = new Observable<TableSnapshot>(NOTHING);
  readonly #writes: TableWrites;
  readonly #window = new TableWindow(() => this.reload());
  #limit: number;
  #set: RowSet | null = null;
  #children: ChildLists | null = null;
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
  #aging: ReturnType<typeof setTimeout> | undefined;

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

  /** The rows in their order. */
  get rows(): readonly R[] {
    return this.#snapshot.get().rows as readonly R[];
  }

  get state(): TableState {
    return this.#snapshot.get().state;
  }

  /** Returns the row with a key if it is held. */
  get(key: KeyLike): R | undefined {
    return this.#writes.shown(this.#writes.keyOf(key)) as R | undefined;
  }

  /** Returns the empty state, for rendering on a server and before the table is followed. */
  readonly getServerSnapshot = (): TableSnapshot<R> => NOTHING as unknown as TableSnapshot<R>;

  readonly getSnapshot = (): TableSnapshot<R> => this.#snapshot.get() as TableSnapshot<R>;

  /**
   * Follows the table and calls the listener after changes, at most once per frame. Returns a function
   * that stops this.
   */
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

  /** Raises the limit of rows to hold. */
  loadMore(count = Math.max(100, this.#set?.size ?? 0)): void {
    const { hasMore, isLoadingMore } = this.state;
    if (!hasMore || isLoadingMore) return;
    const { window = Infinity } = this.options;
    const limit = Math.max(this.#limit, (this.#set?.size ?? 0) + Math.min(count, LARGEST_PAGE));
    this.#set?.dropFirst(limit - window);
    this.#limit = Math.min(limit, window);
    this.#fill();
  }

  /**
   * Reports which rows the reader sees, by their places in the whole list. Loads rows that are missing
   * there or will be needed soon. Only for a table with a `window`.
   */
  show(first: number, end: number): void {
    const { window = 0 } = this.options;
    const set = this.#set;
    if (!set || window === 0 || end <= first) return;
    const missing = this.#window.lookAt(first, end, set, this.options);
    if (missing === "there") void this.#load();
    if (this.#request) return;
    if (missing === "before") this.#fillBefore(window);
    if (missing === "after") this.loadMore(this.options.limit);
  }

  /** Creates a row. It is shown at once, and removed if the API refuses it. */
  insert(values: Partial<R>, options?: { idempotencyKey?: string }): Promise<R> {
    return this.#writes.insert(values, options) as Promise<R>;
  }

  /**
   * Changes a row. The change is shown at once. Throws a ConflictError with both values if the row's
   * version is no longer the shown one.
   */
  update(key: KeyLike, change: Partial<R>): Promise<R> {
    return this.#writes.update(this.#writes.keyOf(key), change) as Promise<R>;
  }

  /**
   * Changes many rows, a hundred in each request. The changes are shown at once. Returns the rows that
   * were not changed, with a ConflictError for each that has changed since it was shown.
   */
  updateMany(keys: readonly KeyLike[], change: Partial<R>): Promise<readonly Failed[]> {
    return this.#writes.writeMany(keys, change);
  }

  /** Deletes many rows; otherwise like `updateMany`. */
  deleteMany(keys: readonly KeyLike[]): Promise<readonly Failed[]> {
    return this.#writes.writeMany(keys, null);
  }

  /** Deletes a row. It is hidden at once. Throws like `update`. */
  delete(key: KeyLike): Promise<void> {
    return this.#writes.delete(this.#writes.keyOf(key));
  }

  // --- called by the host --------------------------------------------------------------------------

  /** Whether the API refuses the rows. The stream would then refuse the filter too. */
  get isRefused(): boolean {
    return this.#problem instanceof RefusedError && REFUSALS.includes(this.#problem.status);
  }

  /** The filter for the rows that the stream must deliver. */
  get filter(): Filter {
    const { filter = {}, key } = this.options;
    if (key === undefined) return filter;
    const columns = this.#host.schema.table(this.name)?.key ?? ["id"];
    const parts = (typeof key === "object" ? key : { [columns[0] ?? "id"]: key }) as Row;
    const own = columns.map((column) => [column, [parts[column] as Value]] as const);
    return { ...filter, ...Object.fromEntries(own) };
  }

  /** Returns the newest place in the stream. */
  async head(): Promise<Place> {
    const { stream, position } = await this.#host.api.request(
      readPage,
      `${this.#writes.path}?limit=1`,
    );
    return { stream, position };
  }

  /** Whether the first rows may still arrive. */
  get isExpected(): boolean {
    return this.#set === null && this.#problem === null;
  }

  /** The position of the rows; null before they are loaded. */
  get position(): number | null {
    return this.#set?.position ?? null;
  }

  /** Shows rows from another table until the API answers. */
  seed(rows: readonly R[]): void {
    if (this.#set) return;
    const page = { stream: "", position: 0, rows: rows as readonly Row[], next_cursor: null };
    this.#set = this.#open(page);
    this.#reset = "seed";
    this.#publish();
  }

  receive(events: readonly ChangeEvent[], conflated: boolean): void {
    const { include = [] } = this.options;
    const mine = events.filter(({ table }) => table === this.name || include.includes(table));
    if (this.#request) {
      for (const event of mine) this.#missed.push(event);
      this.#missedConflated ||= conflated;
    }
    if (!this.#set || mine.length === 0) return;
    if (this.#apply(this.#set, mine, conflated)) this.reload();
    this.#set.trim(this.#limit + SLACK);
    this.#publish();
    this.#fill();
  }

  /** Applies events. Returns whether rows must be loaded again. */
  #apply(set: RowSet, events: readonly ChangeEvent[], conflated: boolean): boolean {
    const own = events.filter(({ table }) => table === this.name);
    const isNew = ({ operation, order_id }: ChangeEvent) =>
      operation === "UPDATE" && set.get(String(order_id)) === undefined;
    const entering = this.#children ? own.filter(isNew) : [];
    const { shifts } = set;
    const isUncertain = set.apply(own, conflated);
    if (set.shifts !== shifts) this.#window.doubt();
    this.#children?.apply(events, conflated, (key) => set.get(key));
    // The children of a row that begins to match are not known.
    return isUncertain || entering.some(({ order_id }) => set.get(String(order_id)) !== undefined);
  }

  /** Loads all shown rows again, because the stream cannot tell what happened meanwhile. */
  reload(reset: string | null = null): void {
    this.#reset = reset ?? this.#reset;
    // The pause prevents endless requests if the gateway and the API disagree.
    const pause = Math.max(0, this.#reloadedAt + RELOADS_APART_MS - Date.now());
    this.#later(() => {
      this.#reloadedAt = Date.now();
      void this.#load();
    }, pause);
    this.#publish();
  }

  stop(): void {
    this.#later();
    clearTimeout(this.#aging);
    this.#window.stop();
    this.#request?.abort();
    this.#request = null;
    this.#set = null;
    this.#reset = null;
    this.#problem = null;
    this.#snapshot.set(NOTHING);
  }

  /** Called when the state of the connection has changed. */
  connectionChanged(): void {
    if (this.#phase() !== this.state.phase) this.#publish();
  }

  // --- loading ---------------------------------------------------------------------------------

  #load(): Promise<void> {
    // If the rows were not shown before, the first page is shown without waiting for the others.
    const { goal } = this.#window;
    const wanted = goal?.limit ?? Math.min(this.#limit, this.#set?.size ?? 0);
    const atFirst = this.#set ? Math.max(wanted, 100) : this.#limit;
    const load = async (signal: AbortSignal) => {
      let start = goal?.start ?? this.#set?.start ?? 0;
      let first = await this.#page(null, atFirst, signal, start);
      for (let back = atFirst; first.rows.length === 0 && start > 0; back *= 2) {
        start = Math.max(0, start - back); // the list has become shorter
        first = await this.#page(null, atFirst, signal, start);
      }
      const set = this.#open(first, start);
      const { key } = set.view;
      const children = await this.#childrenAt(first.position);
      children?.load(first.rows, key);
      while (typeof set.cursor === "string" && set.size < wanted) {
        const page = await this.#page(set.cursor, wanted - set.size, signal);
        set.extend(page);
        children?.load(page.rows, key);
      }
      const { stream, position } = first;
      this.#set = set;
      this.#limit = goal?.limit ?? this.#limit;
      this.#window.placed();
      this.#children = children;
      this.#reset = null;
      if (this.#apply(set, this.#missed, this.#missedConflated)) this.reload();
      if (!this.#host.follow(this, { stream, position })) {
        throw new Error("The rows are too old.");
      }
    };
    return this.#ask(load, () => this.reload());
  }

  /**
   * Schedules a reload or another attempt, in place of the one scheduled before. Until it has run, no
   * page is added.
   */
  #later(run?: () => void, ms?: number): void {
    clearTimeout(this.#retry);
    this.#retry =
      run &&
      setTimeout(() => {
        this.#retry = undefined;
        run();
      }, ms);
  }

  /** Returns a set with the matching rows of a page. */
  #open(page: Page, start = 0): RowSet {
    const unknown = { name: this.name, key: ["id"], parent: null, columns: [] };
    const table = this.#host.schema.table(this.name) ?? unknown;
    const { search = "", sort, attention } = this.options;
    const passes = matcherOf(this.filter, search, table);
    const waits = attends(attention, table, this.#host.now);
    const matches = (row: Row) => passes(row) && (waits?.(row) ?? true);
    const view = { key: table.key, matches, ...orderOf(table, sort) };
    return new RowSet(view, page, start);
  }

  async #childrenAt(position: number): Promise<ChildLists | null> {
    const { include = [] } = this.options;
    if (include.length === 0) return null;
    const { ChildLists } = await import("./children.ts"); // few tables have children
    const tables = include.flatMap((name) => this.#host.schema.table(name) ?? []);
    return tables.length === 0 ? null : new ChildLists(tables, position);
  }

  /** Loads the next page if rows have left the set or the limit has been raised. */
  #fill(again = false): void {
    const set = this.#set;
    if (!set || set.cursor === null || set.size >= this.#limit || this.#request) return;
    if (this.#retry || (this.#problem !== null && !again)) return;
    const { cursor } = set;
    if (cursor === undefined) {
      this.reload();
      return;
    }
    const next = (signal: AbortSignal) => this.#page(cursor, this.#limit - set.size, signal);
    const add = (page: Page) => {
      // After a TRUNCATE meanwhile, the page has no rows to continue.
      if (set.cursor !== cursor) return false;
      set.extend(page);
      this.#window.loaded();
      return true;
    };
    this.#attach(set, next, add, () => this.#fill(true));
  }

  /**
   * Loads the page before the held rows. If there are then more than `most`, rows at the end are
   * dropped.
   */
  #fillBefore(most: number): void {
    const set = this.#set;
    if (!set || this.#retry || this.#problem !== null) return;
    const wanted = Math.max(MARGIN, this.options.limit ?? 0);
    const count = Math.min(set.start, wanted, this.#largestPage - OVERLAP);
    const start = set.start - count;
    const before = (signal: AbortSignal) => this.#page(null, count + OVERLAP, signal, start);
    const add = (page: Page) => {
      if (set.start === 0) return false;
      if (!set.prepend(page, start)) {
        this.#window.goal = { start, limit: this.#limit };
        this.reload();
        return false;
      }
      this.#window.placed();
      this.#limit = Math.min(most, Math.max(this.#limit, set.size));
      set.trim(most);
      return true;
    };
    this.#attach(set, before, add, () => this.reload());
  }

  /** Loads a page and adds it to the held rows. */
  #attach(
    set: RowSet,
    ask: (signal: AbortSignal) => Promise<Page>,
    add: (page: Page) => boolean,
    again: () => void,
  ): void {
    this.#isLoadingMore = true;
    const askedAt = set.position;
    const childrenAt = this.#children?.position ?? 0;
    const load = async (signal: AbortSignal) => {
      const page = await ask(signal);
      if (!add(page)) return;
      this.#children?.load(page.rows, set.view.key);
      // The page may be newer than the set, so apply the events since its request again, for its rows.
      const before = set.position;
      set.position = askedAt;
      const repeat = () => this.#apply(set, this.#missed, this.#missedConflated);
      const isUncertain = this.#children?.repeat(childrenAt, repeat) ?? repeat();
      set.position = Math.max(before, set.position);
      if (isUncertain) this.reload();
    };
    void this.#ask(load, again);
  }

  get #largestPage(): number {
    return (this.options.include ?? []).length > 0 ? LARGEST_PAGE_INCLUDING : LARGEST_PAGE;
  }

  async #page(cursor: string | null, most: number, signal: AbortSignal, offset = 0): Promise<Page> {
    await this.#host.schema.ensure(signal);
    const { search = "", sort, attention } = this.options;
    const query = filterToQuery(this.filter, this.#host.schema.table(this.name));
    if (search !== "") query.set("search", search);
    if (attention !== undefined) query.set("attention", attention);
    if (sort !== undefined) query.set("sort", sort);
    for (const child of this.options.include ?? []) query.append("include", child);
    query.set("limit", String(Math.min(most, this.#largestPage)));
    if (cursor !== null) query.set("cursor", cursor);
    if (offset > 0) query.set("offset", String(offset));
    const address = `${this.#writes.path}?${query.toString()}`;
    const page = await this.#host.api.request(readPage, address, { signal });
    signal.throwIfAborted(); // the answer may have arrived before the abort
    return page;
  }

  /** Sends a request; a newer request replaces it. After a failure it is repeated later. */
  async #ask(answer: (signal: AbortSignal) => Promise<void>, again: () => void): Promise<void> {
    this.#later();
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
      if (this.#request !== request) return; // a newer request has replaced it
      this.#problem = error instanceof Error ? error : new Error(String(error));
      if (!this.isRefused && !this.#retry) this.#later(again, backoffMs(this.#failures));
      this.#failures += 1;
      this.#host.failed(this);
    }
    this.#request = null;
    this.#isLoadingMore = false;
    this.#missed = [];
    this.#publish();
    if (this.#problem !== null) return;
    this.#fill();
    clearTimeout(this.#aging);
    if (this.options.attention) this.#aging = setTimeout(() => this.reload(), AGING_MS);
  }

  #phase(): TableState["phase"] {
    if (!this.#set) return this.isRefused ? "refused" : "loading";
    const { phase, lost } = this.#host.connected();
    if (phase === "idle") return "loading";
    if (phase === "waiting" || lost > 0) return "stale";
    return phase === "live" && this.#reset === null ? "live" : "catching up";
  }

  #publish(): void {
    const phase = this.#phase();
    const set = this.#set;
    const written = set ? this.#writes.over(set) : this.#snapshot.get().rows;
    const rows = set ? (this.#children?.join(written, set.view.key) ?? written) : written;
    const state: TableState = {
      phase,
      staleSince: phase === "stale" ? this.#host.connected().heardAt : null,
      reset: this.#reset,
      problem: this.#problem,
      hasMore: set !== null && (set.cursor !== null || rows.length > this.#limit),
      isLoadingMore: this.#isLoadingMore,
      start: set?.start ?? 0,
      pages: this.#window.pages,
    };
    this.#snapshot.set({
      rows: rows.length > this.#limit ? rows.slice(0, this.#limit) : rows,
      state,
    });
  }
}
