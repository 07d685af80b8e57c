/**
 * Rows that keep their places while the user works with them. Values still change in place; a row
 * that left the table stays, marked as gone, and new rows wait until the rows are released. Pure.
 *
 * A long list is held in part: `start` rows come before those that are known.
 */
import type { Row } from "real-time-orders";
import type { Order, RowKey } from "@/lib/row";

export interface ShownRow<R extends Row = Order> {
  readonly order: R;
  /** The row has left the table; the order is as it was last seen. */
  readonly gone: boolean;
}

export interface LiveRows<R extends Row = Order> {
  readonly rows: readonly R[];
  /** How many rows of the list come before these. */
  readonly start: number;
  /** Another number after each page that was loaded: rows at the ends may have come or gone with it. */
  readonly pages: number;
  /** Whether more rows follow. */
  readonly hasMore: boolean;
  readonly keyOf: (row: R) => RowKey;
}

export class HeldRows<R extends Row = Order> {
  /** By how many places the rows are from where they were before the last change. */
  readonly moved: number;
  readonly #frozen: LiveRows<R>;
  readonly #live: LiveRows<R>;
  /** How many rows came before these since they are held, as far as they were moved for it. */
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

  /** The same rows in the same places, with the values of the live table. */
  over(live: LiveRows<R>): HeldRows<R> {
    if (live.rows === this.#live.rows && live.start === this.#live.start) return this;
    if (live.pages === this.#frozen.pages) return new HeldRows(this.#frozen, live, 0, this.#before);
    const { rows, by } = joined(this.#frozen, live);
    return new HeldRows(rows, live, by, this.#before + by);
  }

  /** Whether these are the live rows, with nothing held back. */
  isOf(live: LiveRows<R>): boolean {
    const { rows, start } = live;
    return [this.#frozen, this.#live].every((mine) => mine.rows === rows && mine.start === start);
  }

  /** The place of the first row. */
  get start(): number {
    return this.#frozen.start;
  }

  /** The place behind the last row. */
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

  /** Which rows of the live table are in view, where places `first` to `end` are. */
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
 * The held rows with those that were loaded at their ends, and without those that the live table has
 * forgotten there. The rows are where the live table has them: `by` so many places from where they were.
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
  // Only where rows are missing before the held ones: otherwise these are new.
  const before = frozen.start > 0 ? live.rows.slice(0, first) : [];
  const from = live.start > 0 ? frozen.rows.findIndex(isLive) : 0;
  const to = live.hasMore ? frozen.rows.findLastIndex(isLive) + 1 : frozen.rows.length;
  const after = live.rows.slice(live.rows.findLastIndex(isHeld) + 1);
  return {
    rows: { ...live, rows: [...before, ...frozen.rows.slice(from, to), ...after] },
    by: live.start + before.length - frozen.start - from,
  };
}
