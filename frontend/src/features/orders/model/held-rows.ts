/**
 * Rows that keep their places while the user works with them. Values still change in place. A row that
 * left the table stays and is marked as gone. New rows wait until the held rows are released. Pure.
 *
 * Only a part of a long list is loaded: `start` rows come before that part.
 */
import type { Row } from "real-time-orders";
import type { Order, RowKey } from "@/lib/row";

export interface ShownRow<R extends Row = Order> {
  readonly order: R;
  /** Whether the row has left the table; `order` is then its last known state. */
  readonly gone: boolean;
}

export interface LiveRows<R extends Row = Order> {
  readonly rows: readonly R[];
  /** How many rows of the list come before the loaded ones. */
  readonly start: number;
  /**
   * Changes with each page that is loaded: rows at both ends may have been added or dropped with the
   * page.
   */
  readonly pages: number;
  /** Whether more rows follow. */
  readonly hasMore: boolean;
  readonly keyOf: (row: R) => RowKey;
}

export class HeldRows<R extends Row = Order> {
  /** How many places the rows moved in the last change. */
  readonly moved: number;
  readonly #frozen: LiveRows<R>;
  readonly #live: LiveRows<R>;
  /** How many places the rows have moved in all since they are held. */
  readonly #before: number;
  #now: ReadonlyMap<RowKey, R> | undefined;
  #fresh: number | undefined;

  private constructor(frozen: LiveRows<R>, live: LiveRows<R>, moved = 0, before = 0) {
    this.#frozen = frozen;
    this.#live = live;
    this.moved = moved;
    this.#before = before;
  }

  static of<R extends Row>(live: LiveRows<R>): HeldRows<R> {
    return new HeldRows(live, live);
  }

  /** Returns the same rows in the same places, with the values of the live table. */
  over(live: LiveRows<R>): HeldRows<R> {
    if (live.rows === this.#live.rows && live.start === this.#live.start) return this;
    if (live.pages === this.#frozen.pages) return new HeldRows(this.#frozen, live, 0, this.#before);
    const { rows, by } = joined(this.#frozen, live);
    return new HeldRows(rows, live, by, this.#before + by);
  }

  /** Whether these are exactly the live rows, with no change held back. */
  isOf(live: LiveRows<R>): boolean {
    const { rows, start } = live;
    return [this.#frozen, this.#live].every((mine) => mine.rows === rows && mine.start === start);
  }

  /** The place of the first row in the list. */
  get start(): number {
    return this.#frozen.start;
  }

  /** The place after the last row in the list. */
  get end(): number {
    return this.#frozen.start + this.#frozen.rows.length;
  }

  at(place: number): ShownRow<R> | undefined {
    const frozen = this.#frozen.rows[place - this.#frozen.start];
    if (!frozen || this.#frozen === this.#live) return frozen && { order: frozen, gone: false };
    this.#now ??= byKey(this.#live);
    const order = this.#now.get(this.#live.keyOf(frozen));
    return order ? { order, gone: false } : { order: frozen, gone: true };
  }

  /** How many new rows are not shown. */
  get fresh(): number {
    this.#fresh ??= this.#countFresh();
    return this.#fresh;
  }

  /** Returns which rows of the live table are in view when the places `first` to `end` are in view. */
  inLive(first: number, end: number): readonly [first: number, end: number] {
    const { start, rows } = this.#live;
    const last = start + rows.length - this.end + end;
    return [Math.min(start - this.start + first, last - 1), last];
  }

  #countFresh(): number {
    const { rows, start, keyOf } = this.#live;
    const before = Math.max(0, start - this.#frozen.start + this.#before);
    if (this.#frozen.rows === rows) return before;
    const shown = byKey(this.#frozen);
    return rows.reduce((count, row) => (shown.has(keyOf(row)) ? count : count + 1), before);
  }
}

const byKey = <R extends Row>({ rows, keyOf }: LiveRows<R>): ReadonlyMap<RowKey, R> =>
  new Map(rows.map((row) => [keyOf(row), row]));

/**
 * Returns the held rows, with the rows that were loaded at both ends and without those that the live
 * table has dropped there. The rows have their places in the live table: `by` is how many places they
 * moved.
 */
function joined<R extends Row>(
  frozen: LiveRows<R>,
  live: LiveRows<R>,
): { rows: LiveRows<R>; by: number } {
  const held = byKey(frozen);
  const isHeld = (row: R) => held.has(live.keyOf(row));
  const first = live.rows.findIndex(isHeld);
  if (first < 0) return { rows: live, by: 0 };
  const now = byKey(live);
  const isLive = (row: R) => now.has(live.keyOf(row));
  // If no row is missing before the held rows, the rows before them are new and stay hidden.
  const before = frozen.start > 0 ? live.rows.slice(0, first) : [];
  const from = live.start > 0 ? frozen.rows.findIndex(isLive) : 0;
  const to = live.hasMore ? frozen.rows.findLastIndex(isLive) + 1 : frozen.rows.length;
  const after = live.rows.slice(live.rows.findLastIndex(isHeld) + 1);
  return {
    rows: { ...live, rows: [...before, ...frozen.rows.slice(from, to), ...after] },
    by: live.start + before.length - frozen.start - from,
  };
}
