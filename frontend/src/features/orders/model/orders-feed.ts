/** A table with the user's filter and sort: the live table, and the latest changes of its rows. */
import {
  type ChangeEvent,
  type Id,
  keyOf,
  type Live,
  type LiveTable,
  Observable,
  ORDERS,
  type Row,
} from "real-time-orders";
import { type Order, type RowKey, withId } from "@/lib/row";
import { OrderSchema } from "@/lib/schema";
import { matcherOf, type OrderFilter, type OrderView, toFilter, viewToQuery } from "./order-filter";
import { isNewestFirst, type OrderSort, sortForApi } from "./order-sort";
import { fade, NO_TOUCHES, TOUCH_MS, touch, type Touches } from "./touches";

export interface FeedState<R extends Row = Row> {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
  readonly rows: readonly R[];
  /** How many rows of the list come before the loaded ones. */
  readonly start: number;
  /** How many pages have been loaded so far. */
  readonly pages: number;
  /** Whether there are more rows than those loaded. */
  readonly hasMore: boolean;
  /** Whether the table was ever loaded. Until then it has no rows. */
  readonly loaded: boolean;
  readonly loading: "page" | "more" | null;
  /** Why the last request failed; null after one that succeeded. */
  readonly problem: Error | null;
  /** The latest changes of rows, shown for a few seconds. */
  readonly touches: Touches;
}

const PAGE = 100;
/** The most rows that are kept, wherever in the list the reader is. */
const WINDOW = 500;
const FADE_EVERY_MS = 1000;

/** The rows of any watched table. */
export class TableFeed<R extends Row = Row> {
  readonly state: Observable<FeedState<R>>;

  protected readonly schema: Observable<OrderSchema>;
  readonly #live: Pick<Live, "table">;
  #table: LiveTable | null = null;
  #leave: (() => void) | null = null;
  #fade: ReturnType<typeof setTimeout> | undefined;
  /** Position up to which the loaded rows include all events. */
  #loadedAt = 0;

  constructor(
    live: Pick<Live, "table">,
    schema: Observable<OrderSchema>,
    { filter, sort }: OrderView,
  ) {
    this.#live = live;
    this.schema = schema;
    this.state = new Observable<FeedState<R>>({
      filter,
      sort,
      rows: [],
      start: 0,
      pages: 0,
      hasMore: false,
      loaded: false,
      loading: "page",
      problem: null,
      touches: NO_TOUCHES,
    });
  }

  /** Converts rows to the form that the page uses. The same objects give the same objects. */
  protected shown(rows: readonly Row[]): readonly R[] {
    return rows as readonly R[];
  }

  protected asRow(row: Row): R {
    return row as R;
  }

  keyOf(row: R): RowKey {
    return keyOf(row, this.schema.get().table.key);
  }

  start(): void {
    this.schema.subscribe(this.follow);
    this.follow();
  }

  /** Applies another filter to the loaded rows at once. The API's answer then replaces the result. */
  setView({ filter, sort }: OrderView): void {
    if (viewToQuery(this.state.get()).toString() === viewToQuery({ filter, sort }).toString())
      return;
    this.#change({ filter, sort });
    this.follow();
  }

  /** Returns the row with a key if it is loaded. */
  get(key: RowKey): R | undefined {
    const row = this.#table?.get(key);
    return row && this.asRow(row);
  }

  reload(): void {
    this.#table?.reload();
  }

  /** Notes which rows the reader sees, by their places in the list. */
  show(first: number, end: number): void {
    this.#table?.show(first, end);
  }

  /** Notes which rows the events changed. The live table has already applied them. */
  receive(events: readonly ChangeEvent[]): void {
    const { touches } = this.state.get();
    const next = touch(touches, events, Date.now(), this.#loadedAt);
    if (next !== touches) this.#change({ touches: next });
    this.#fade ??= setTimeout(this.#fadeTouches, TOUCH_MS);
  }

  stop(): void {
    clearTimeout(this.#fade);
    this.#leave?.();
    this.#leave = null;
  }

  /**
   * Opens the table with the present filter and sort. The names of columns come from the schema; the
   * dates of conditions such as "today" depend on the day.
   */
  readonly follow = (): void => {
    const { filter, sort } = this.state.get();
    const schema = this.schema.get();
    const table = this.#live.table(schema.table.name || ORDERS, {
      filter: toFilter(filter, schema),
      search: filter.search,
      ...(filter.attention && { attention: filter.attention }),
      ...(!isNewestFirst(sort) && { sort: sortForApi(sort, schema.key) }),
      limit: PAGE,
      window: WINDOW,
    });
    if (table === this.#table) return;
    const matches = matcherOf(filter, schema);
    const { loaded, start } = this.state.get();
    if (loaded) table.seed(start > 0 ? [] : (this.#table?.rows ?? []).filter(matches));
    const leave = this.#leave;
    this.#table = table;
    this.#leave = table.subscribe(this.#show);
    leave?.();
    this.#show();
  };

  readonly #show = (): void => {
    const table = this.#table;
    if (!table) return;
    const { phase, problem, hasMore, isLoadingMore, reset, start, pages } = table.state;
    const schema = this.schema.get();
    const isThere = schema !== OrderSchema.EMPTY && !schema.hasOrders;
    const isShown = isThere || (phase !== "loading" && phase !== "refused");
    if (!isShown) {
      this.#change({ loading: problem ? null : "page", problem });
      return;
    }
    const { loaded, loading } = this.state.get();
    if (!loaded || loading === "page") this.#loadedAt = table.position ?? 0;
    this.#change({
      rows: this.shown(table.rows),
      start,
      pages,
      hasMore,
      loaded: true,
      loading: isLoadingMore ? "more" : reset === null ? null : "page",
      problem: isThere ? null : problem,
    });
  };

  readonly #fadeTouches = (): void => {
    const touches = fade(this.state.get().touches, Date.now());
    this.#fade = touches.size > 0 ? setTimeout(this.#fadeTouches, FADE_EVERY_MS) : undefined;
    this.#change({ touches });
  };

  #change(change: Partial<FeedState<R>>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}

/** The table of orders. Its rows have their key as `id`, whatever the column is called. */
export class OrdersFeed extends TableFeed<Order> {
  /** Orders by their rows, for a table whose key column is not `id`. */
  readonly #named = new WeakMap<Row, Order>();
  #shown: { readonly of: readonly Row[]; readonly orders: readonly Order[] } | null = null;

  override keyOf({ id }: Order): RowKey {
    return id;
  }

  protected override shown(rows: readonly Row[]): readonly Order[] {
    if (this.schema.get().key === "id") return rows as readonly Order[];
    const known =
      this.#shown?.of === rows
        ? this.#shown
        : { of: rows, orders: rows.map((row) => this.asRow(row)) };
    this.#shown = known;
    return known.orders;
  }

  protected override asRow(row: Row): Order {
    const { key } = this.schema.get();
    if (key === "id") return row as Order;
    const known = this.#named.get(row) ?? withId(row, row[key] as Id);
    this.#named.set(row, known);
    return known;
  }
}
