/**
 * Rows that stand still while someone is busy with them. Values go on changing in place; a row that
 * has left stays as a shadow of itself, and what is new waits until the rows are let go. Pure.
 */
import type { Order } from "@/lib/protocol";
import { OrderIndex } from "./order-index";
import type { Rows } from "./order-sort";

export interface ShownRow {
  readonly order: Order;
  /** It is no longer among the rows; the order is as it was last seen there. */
  readonly gone: boolean;
}

export interface LiveRows {
  readonly rows: Rows;
  readonly index: OrderIndex;
  /** Orders below this id are not loaded yet. */
  readonly floor: number;
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

  /** The same rows, in the same places, over what is known now. */
  over(live: LiveRows): HeldRows {
    if (live.rows === this.#live.rows && live.floor === this.#live.floor) return this;
    return new HeldRows(extended(this.#frozen, live), live);
  }

  /** Whether these are the rows as they are now, nothing held back. */
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

  /** How many orders have come that are not shown. */
  get fresh(): number {
    this.#fresh ??= countFresh(this.#frozen.index, this.#live.index);
    return this.#fresh;
  }
}

/** Older pages that were loaded meanwhile go below: nobody is looking there yet. */
function extended(frozen: LiveRows, live: LiveRows): LiveRows {
  if (live.floor >= frozen.floor || frozen.rows !== frozen.index) return frozen;
  const older = new Map<number, Order>();
  for (let row = live.index.rank(frozen.floor - 1); row < live.index.size; row += 1) {
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
