/**
 * Rows that keep their places while the user works with them. Values still change in place; a row
 * that left the table stays, marked as gone, and new rows wait until the rows are released. Pure.
 */
import type { Id } from "real-time-orders";
import type { Order } from "@/lib/row";
import { OrderIndex } from "./order-index";
import type { Rows } from "./order-sort";

export interface ShownRow {
  readonly order: Order;
  /** The row has left the table; the order is as it was last seen. */
  readonly gone: boolean;
}

export interface LiveRows {
  readonly rows: Rows;
  readonly index: OrderIndex;
  /** Orders below this id are not loaded yet. */
  readonly floor: Id;
}

export class HeldRows {
  readonly #frozen: LiveRows;
  readonly #live: LiveRows;
  #fresh: number | undefined;

  private constructor(frozen: LiveRows, live: LiveRows) {
    this.#frozen = frozen;
    this.#live = live;
  }

  static of(live: LiveRows): HeldRows {
    return new HeldRows(live, live);
  }

  /** The same rows in the same places, with the values of the live table. */
  over(live: LiveRows): HeldRows {
    if (live.rows === this.#live.rows && live.floor === this.#live.floor) return this;
    return new HeldRows(extended(this.#frozen, live), live);
  }

  /** Whether these are the live rows, with nothing held back. */
  isOf(live: LiveRows): boolean {
    return this.#frozen.rows === live.rows && this.#live.rows === live.rows;
  }

  get size(): number {
    return this.#frozen.rows.size;
  }

  at(row: number): ShownRow | undefined {
    const frozen = this.#frozen.rows.at(row);
    if (!frozen) return undefined;
    const order = this.#live.index.get(frozen.id);
    return order ? { order, gone: false } : { order: frozen, gone: true };
  }

  /** How many new orders are not shown. */
  get fresh(): number {
    this.#fresh ??= countFresh(this.#frozen.index, this.#live.index);
    return this.#fresh;
  }
}

/** Pages of older orders that were loaded meanwhile are appended: they move no row in view. */
function extended(frozen: LiveRows, live: LiveRows): LiveRows {
  if (live.floor >= frozen.floor || frozen.rows !== frozen.index) return frozen;
  const older = new Map<Id, Order>();
  for (let row = live.index.countFrom(frozen.floor); row < live.index.size; row += 1) {
    const order = live.index.at(row);
    if (order) older.set(order.id, order);
  }
  const index = frozen.index.with(older);
  return { rows: index, index, floor: live.floor };
}

function countFresh(frozen: OrderIndex, live: OrderIndex): number {
  let fresh = 0;
  for (const [before, after] of OrderIndex.differences(frozen, live)) {
    if (!before && after) fresh += 1;
  }
  return fresh;
}
