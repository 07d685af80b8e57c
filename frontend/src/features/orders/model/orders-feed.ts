/** The table of orders as the user wants to see it: a live table, and what just happened to its rows. */
import {
  type ChangeEvent,
  type Id,
  type Live,
  type LiveTable,
  Observable,
  type Row,
} from "real-time-orders";
import { type Order, withId } from "@/lib/row";
import { OrderSchema } from "@/lib/schema";
import { matcherOf, type OrderFilter, toFilter } from "./order-filter";
import { isNewestFirst, type OrderSort } from "./order-sort";
import { fade, NO_TOUCHES, TOUCH_MS, touch, type Touches } from "./touches";

export interface FeedState {
  readonly filter: OrderFilter;
  readonly sort: OrderSort;
  readonly rows: readonly Order[];
  /** How many pages the user has asked for. */
  readonly pages: number;
  /** Whether there are more rows than those loaded. */
  readonly hasMore: boolean;
  /** Whether the table was ever loaded; before that it is empty. */
  readonly loaded: boolean;
  readonly loading: "page" | "more" | null;
  /** Why the last request failed; null after one that succeeded. */
  readonly problem: Error | null;
  /** The latest changes of rows, shown for a few seconds. */
  readonly touches: Touches;
}

const PAGE = 100;
const FADE_EVERY_MS = 1000;

export class OrdersFeed {
  readonly state: Observable<FeedState>;

  readonly #live: Pick<Live, "table">;
  readonly #schema: Observable<OrderSchema>;
  #table: LiveTable | null = null;
  #leave: (() => void) | null = null;
  #fade: ReturnType<typeof setTimeout> | undefined;
  /** Orders whose key has another name than `id`, by their rows. */
  readonly #named = new WeakMap<Row, Order>();
  #shown: { readonly of: readonly Row[]; readonly orders: readonly Order[] } | null = null;

  constructor(
    live: Pick<Live, "table">,
    schema: Observable<OrderSchema>,
    filter: OrderFilter,
    sort: OrderSort,
  ) {
    this.#live = live;
    this.#schema = schema;
    this.state = new Observable<FeedState>({
      filter,
      sort,
      rows: [],
      pages: 1,
      hasMore: false,
      loaded: false,
      loading: "page",
      problem: null,
      touches: NO_TOUCHES,
    });
  }

  start(): void {
    this.#schema.subscribe(this.#follow);
    this.#follow();
  }

  setSort(sort: OrderSort): void {
    this.#change({ sort, pages: 1 });
    this.#follow();
  }

  /** Apply another filter to the known orders at once; the API's answer replaces the result. */
  setFilter(filter: OrderFilter): void {
    this.#change({ filter, pages: 1 });
    this.#follow();
  }

  /** Another day has begun: conditions may mean other days. */
  readonly turnDay = (): void => this.#follow();

  /** The row of an order, if it is among those loaded. */
  get(id: Id): Order | undefined {
    const row = this.#table?.get(id);
    return row && this.#asOrder(row);
  }

  reload(): void {
    this.#table?.reload();
  }

  loadMore(): void {
    const { hasMore, loading, pages } = this.state.get();
    if (!hasMore || loading !== null) return;
    this.#change({ pages: pages + 1 });
    this.#table?.loadMore();
  }

  /** The table has the events: note which rows they changed. */
  receive(events: readonly ChangeEvent[]): void {
    this.#change({ touches: touch(this.state.get().touches, events, Date.now()) });
    this.#fade ??= setTimeout(this.#fadeTouches, TOUCH_MS);
  }

  stop(): void {
    clearTimeout(this.#fade);
    this.#leave?.();
    this.#leave = null;
  }

  /** Show the table of the present filter and sort; the schema says what its columns are called. */
  readonly #follow = (): void => {
    const { filter, sort } = this.state.get();
    const schema = this.#schema.get();
    const column = sort.column === "id" ? schema.key : sort.column;
    const table = this.#live.table("orders", {
      filter: toFilter(filter, schema),
      search: filter.search,
      ...(!isNewestFirst(sort) && { sort: `${sort.descending ? "-" : ""}${column}` }),
      limit: PAGE,
    });
    if (table === this.#table) return;
    const matches = matcherOf(filter, schema);
    if (this.state.get().loaded) table.seed((this.#table?.rows ?? []).filter(matches));
    const leave = this.#leave;
    this.#table = table;
    this.#leave = table.subscribe(this.#show);
    leave?.();
    this.#show();
  };

  readonly #show = (): void => {
    const table = this.#table;
    if (!table) return;
    const { phase, problem, hasMore, isLoadingMore, reset } = table.state;
    const schema = this.#schema.get();
    const isThere = schema !== OrderSchema.EMPTY && !schema.hasOrders;
    const isShown = isThere || (phase !== "loading" && phase !== "refused");
    if (!isShown) {
      this.#change({ loading: problem ? null : "page", problem });
      return;
    }
    this.#change({
      rows: this.#asOrders(table.rows),
      hasMore,
      loaded: true,
      loading: isLoadingMore ? "more" : reset === null ? null : "page",
      problem: isThere ? null : problem,
    });
  };

  #asOrders(rows: readonly Row[]): readonly Order[] {
    if (this.#schema.get().key === "id") return rows as readonly Order[];
    const known =
      this.#shown?.of === rows ? this.#shown : { of: rows, orders: rows.map(this.#asOrder) };
    this.#shown = known;
    return known.orders;
  }

  readonly #asOrder = (row: Row): Order => {
    const { key } = this.#schema.get();
    if (key === "id") return row as Order;
    const known = this.#named.get(row) ?? withId(row, row[key] as Id);
    this.#named.set(row, known);
    return known;
  };

  readonly #fadeTouches = (): void => {
    const touches = fade(this.state.get().touches, Date.now());
    this.#fade = touches.size > 0 ? setTimeout(this.#fadeTouches, FADE_EVERY_MS) : undefined;
    this.#change({ touches });
  };

  #change(change: Partial<FeedState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}
