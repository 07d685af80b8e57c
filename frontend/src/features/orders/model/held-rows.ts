/**
 * Rows that keep their places while the user works with them. Values still change in place; a row
 * that left the table stays, marked as gone, and new rows wait until the rows are released. Pure.
 */
import type { Id } from "real-time-orders";
import type { Order } from "@/lib/row";

export interface ShownRow {
  readonly order: Order;
  /** The row has left the table; the order is as it was last seen. */
  readonly gone: boolean;
}

export interface LiveRows {
  readonly rows: readonly Order[];
  /** How many pages are loaded: rows of further pages are appended. */
  readonly pages: number;
}

export class HeldRows {
  readonly #frozen: LiveRows;
  readonly #live: LiveRows;
  #now: ReadonlyMap<Id, Order> | undefined;

  private constructor(frozen: LiveRows, live: LiveRows) {
    this.#frozen = frozen;
    this.#live = live;
  }

  static of(live: LiveRows): HeldRows {
    return new HeldRows(live, live);
  }

  /** The same rows in the same places, with the values of the live table. */
  over(live: LiveRows): HeldRows {
    if (live.rows === this.#live.rows) return this;
    return new HeldRows(extended(this.#frozen, live), live);
  }

  /** Whether these are the live rows, with nothing held back. */
  isOf(live: LiveRows): boolean {
    return this.#frozen.rows === live.rows && this.#live.rows === live.rows;
  }

  get size(): number {
    return this.#frozen.rows.length;
  }

  at(row: number): ShownRow | undefined {
    const frozen = this.#frozen.rows[row];
    if (!frozen || this.#frozen === this.#live) return frozen && { order: frozen, gone: false };
    this.#now ??= byId(this.#live.rows);
    const order = this.#now.get(frozen.id);
    return order ? { order, gone: false } : { order: frozen, gone: true };
  }

  /** How many new orders are not shown. */
  get fresh(): number {
    if (this.#frozen === this.#live) return 0;
    const shown = byId(this.#frozen.rows);
    return this.#live.rows.reduce((count, { id }) => (shown.has(id) ? count : count + 1), 0);
  }
}

const byId = (rows: readonly Order[]): ReadonlyMap<Id, Order> =>
  new Map(rows.map((order) => [order.id, order]));

/** Pages that were loaded meanwhile are appended: they move no row in view. */
function extended(frozen: LiveRows, live: LiveRows): LiveRows {
  if (live.pages === frozen.pages) return frozen;
  const shown = byId(frozen.rows);
  const end = live.rows.findLastIndex(({ id }) => shown.has(id));
  const older = live.rows.slice(end + 1);
  // The page has not arrived yet.
  if (older.length === 0) return frozen;
  return { rows: [...frozen.rows, ...older], pages: live.pages };
}
