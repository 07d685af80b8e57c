/**
 * Rows that keep their places while the user works with them. Values still change in place; a row
 * that left the table stays, marked as gone, and new rows wait until the rows are released. Pure.
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
  /** How many pages are loaded: rows of further pages are appended. */
  readonly pages: number;
  readonly keyOf: (row: R) => RowKey;
}

export class HeldRows<R extends Row = Order> {
  readonly #frozen: LiveRows<R>;
  readonly #live: LiveRows<R>;
  #now: ReadonlyMap<RowKey, R> | undefined;
  #fresh: number | undefined;

  private constructor(frozen: LiveRows<R>, live: LiveRows<R>) {
    this.#frozen = frozen;
    this.#live = live;
  }

  static of<R extends Row>(live: LiveRows<R>): HeldRows<R> {
    return new HeldRows(live, live);
  }

  /** The same rows in the same places, with the values of the live table. */
  over(live: LiveRows<R>): HeldRows<R> {
    if (live.rows === this.#live.rows) return this;
    return new HeldRows(extended(this.#frozen, live), live);
  }

  /** Whether these are the live rows, with nothing held back. */
  isOf(live: LiveRows<R>): boolean {
    return this.#frozen.rows === live.rows && this.#live.rows === live.rows;
  }

  get size(): number {
    return this.#frozen.rows.length;
  }

  at(row: number): ShownRow<R> | undefined {
    const frozen = this.#frozen.rows[row];
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

  #countFresh(): number {
    if (this.#frozen === this.#live) return 0;
    const { rows, keyOf } = this.#live;
    const shown = byKey(this.#frozen);
    return rows.reduce((count, row) => (shown.has(keyOf(row)) ? count : count + 1), 0);
  }
}

const byKey = <R extends Row>({ rows, keyOf }: LiveRows<R>): ReadonlyMap<RowKey, R> =>
  new Map(rows.map((row) => [keyOf(row), row]));

/** Pages that were loaded meanwhile are appended: they move no row in view. */
function extended<R extends Row>(frozen: LiveRows<R>, live: LiveRows<R>): LiveRows<R> {
  if (live.pages === frozen.pages) return frozen;
  const shown = byKey(frozen);
  const end = live.rows.findLastIndex((row) => shown.has(live.keyOf(row)));
  const older = live.rows.slice(end + 1);
  // The page has not arrived yet.
  if (older.length === 0) return frozen;
  return { ...live, rows: [...frozen.rows, ...older] };
}
