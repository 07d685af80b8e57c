/**
 * Joins snapshots with the stream: the only place where the table of orders changes.
 *
 * A page from the API shows one moment; events that arrive while it is on its way may be older or
 * newer. They are kept and applied to the page when it arrives.
 */
import { backoffMs, type ChangeEvent, type Id, Observable } from "real-time-orders";
import type { OrdersPage } from "@/lib/protocol";
import { OrderSchema } from "@/lib/schema";
import type { PageRequest } from "../api/orders";
import { matcherOf, type OrderFilter } from "./order-filter";
import { isNewestFirst, type OrderSort, type Rows, SortedRows } from "./order-sort";
import {
  applyEvents,
  emptyTable,
  extendTable,
  openTable,
  type OrderTable,
  refilterTable,
} from "./order-table";
import { fade, NO_TOUCHES, TOUCH_MS, touch, type Touches } from "./touches";

export interface FeedState {
  readonly table: OrderTable;
  readonly sort: OrderSort;
  /** The table's orders in the order of `sort`. */
  readonly rows: Rows;
  /** Whether the table was ever loaded; before that it is empty. */
  readonly loaded: boolean;
  readonly loading: "page" | "more" | null;
  /** Why the last request failed; null after one that succeeded. */
  readonly problem: Error | null;
  /** The latest changes of rows, shown for a few seconds. */
  readonly touches: Touches;
}

export interface OrdersFeedOptions {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
  /** Also loads the schema if it is not known yet. */
  readonly fetchPage: (filter: OrderFilter, request: PageRequest) => Promise<OrdersPage>;
  readonly schema: () => OrderSchema;
  /** The table shows a snapshot of the page's position; deliver the events after it. */
  readonly onSnapshot: (page: OrdersPage) => void;
}

const PAGE = 100;
const LARGEST_PAGE = 1000;
const RELOADS_APART_MS = 500;
const FADE_EVERY_MS = 1000;

export class OrdersFeed {
  readonly state: Observable<FeedState>;

  readonly #options: OrdersFeedOptions;
  #request: AbortController | null = null;
  #missed: ChangeEvent[] = [];
  #failures = 0;
  #reloadedAt = -Infinity;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #fade: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OrdersFeedOptions) {
    this.#options = options;
    const { filter } = options;
    const table = emptyTable(filter, matcherOf(filter, OrderSchema.EMPTY));
    this.state = new Observable<FeedState>({
      table,
      sort: options.sort,
      rows: table.orders,
      loaded: false,
      loading: null,
      problem: null,
      touches: NO_TOUCHES,
    });
  }

  /** Apply events of the stream. */
  receive(events: readonly ChangeEvent[]): void {
    if (this.#request) this.#missed = this.#missed.concat(events);
    const { table, touches, loaded } = this.state.get();
    if (!loaded) return;
    this.#change({
      table: applyEvents(table, events),
      touches: touch(touches, events, table.orders, Date.now()),
    });
    this.#fade ??= setTimeout(this.#fadeTouches, TOUCH_MS);
  }

  /** Sorting other than newest first needs every matching order to be loaded. */
  setSort(sort: OrderSort): void {
    const { table } = this.state.get();
    this.state.set({ ...this.state.get(), sort, rows: this.#rowsFor(sort, table) });
    this.#loadRest();
  }

  setFilter(filter: OrderFilter): void {
    const matches = matcherOf(filter, this.#options.schema());
    this.#change({ table: refilterTable(this.state.get().table, filter, matches) });
    void this.#load(Infinity);
  }

  /** Fetch everything that is shown again: the stream cannot tell what happened in between. */
  reload(): void {
    clearTimeout(this.#retry);
    // A gateway and an API that disagree must not make the page send requests without pause.
    const pause = Math.max(0, this.#reloadedAt + RELOADS_APART_MS - Date.now());
    this.#retry = setTimeout(() => {
      this.#reloadedAt = Date.now();
      const { table, loaded } = this.state.get();
      void this.#load(loaded ? table.floor : Infinity);
    }, pause);
  }

  loadMore(): void {
    const { table, loading, loaded } = this.state.get();
    if (loaded && loading === null && table.cursor !== null) void this.#loadMore(table.cursor);
  }

  stop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#fade);
    this.#request?.abort();
    this.#request = null;
  }

  /** Load the table from the newest page down to the `floor`. */
  async #load(floor: Id): Promise<void> {
    const { filter } = this.state.get().table;
    await this.#ask("page", async (signal) => {
      const { size } = this.state.get().table.orders;
      const limit = floor === Infinity ? PAGE : Math.min(Math.max(size, PAGE), LARGEST_PAGE);
      const first = await this.#page(filter, { cursor: null, limit, signal });
      // The first page waits for the schema, so the schema is known only now.
      const matches = matcherOf(filter, this.#options.schema());
      let table = openTable(filter, matches, first);
      while (table.cursor !== null && table.floor > floor) {
        const page = await this.#page(filter, { cursor: table.cursor, limit, signal });
        table = extendTable(table, page);
      }
      table = applyEvents(table, this.#missed);
      const { sort } = this.state.get();
      this.#change({ table, rows: this.#rowsFor(sort, table), loaded: true });
      this.#options.onSnapshot(first);
    });
  }

  async #loadMore(cursor: string): Promise<void> {
    const { filter, position: askedAt } = this.state.get().table;
    await this.#ask("more", async (signal) => {
      // Load more each time while the user keeps scrolling.
      const limit = Math.min(Math.max(PAGE, this.state.get().table.orders.size), LARGEST_PAGE);
      const page = await this.#page(filter, { cursor, limit, signal });
      const { table } = this.state.get();
      // A TRUNCATE in between leaves nothing that the page could continue.
      if (table.cursor === cursor) {
        this.#change({ table: extendTable(table, page, this.#missed, askedAt) });
      }
    });
  }

  async #page(filter: OrderFilter, request: PageRequest): Promise<OrdersPage> {
    const page = await this.#options.fetchPage(filter, request);
    request.signal.throwIfAborted(); // the answer may have arrived before the abort
    return page;
  }

  /** One request at a time; a newer one replaces it. A failed page is requested again later. */
  async #ask(
    loading: "page" | "more",
    answer: (signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    clearTimeout(this.#retry);
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#missed = [];
    this.#change({ loading });
    try {
      await answer(request.signal);
      this.#failures = 0;
      if (this.#request === request) this.#change({ problem: null });
    } catch (error) {
      if (this.#request !== request) return; // a newer request took its place
      this.#change({ problem: error instanceof Error ? error : new Error(String(error)) });
      if (loading === "page") this.#tryAgainLater();
    }
    if (this.#request !== request) return;
    this.#request = null;
    this.#change({ loading: null });
    if (this.state.get().problem === null) this.#loadRest();
  }

  #loadRest(): void {
    if (!isNewestFirst(this.state.get().sort)) this.loadMore();
  }

  #tryAgainLater(): void {
    this.#retry = setTimeout(() => this.reload(), backoffMs(this.#failures));
    this.#failures += 1;
  }

  readonly #fadeTouches = (): void => {
    const touches = fade(this.state.get().touches, Date.now());
    this.#fade = touches.size > 0 ? setTimeout(this.#fadeTouches, FADE_EVERY_MS) : undefined;
    this.#change({ touches });
  };

  #change(change: Partial<Omit<FeedState, "sort">>): void {
    const state = { ...this.state.get(), ...change };
    const { rows, sort, table } = state;
    this.state.set({
      ...state,
      rows: rows instanceof SortedRows ? rows.follow(table.orders) : this.#rowsFor(sort, table),
    });
  }

  #rowsFor(sort: OrderSort, { orders }: OrderTable): Rows {
    return isNewestFirst(sort) ? orders : SortedRows.of(sort, orders, this.#options.schema());
  }
}
