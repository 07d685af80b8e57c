import { compareIds, type Id } from "real-time-orders";
import { type Order } from "@/lib/row";

const BLOCK_IDS = 256;

interface Block {
  /** The block of the ids from `key * BLOCK_IDS`. */
  readonly key: number;
  /** How many orders the blocks before this one hold. */
  readonly start: number;
  /** Highest id first; never empty. */
  readonly orders: readonly Order[];
}

/**
 * Orders by id, newest first. Immutable: `with` returns another index that shares all unchanged
 * blocks. A change among 100,000 orders copies some hundreds of references, and the n-th row is found
 * without sorting.
 */
export class OrderIndex {
  static readonly EMPTY = new OrderIndex([]);

  readonly size: number;
  readonly #blocks: readonly Block[];

  private constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
    const last = blocks.at(-1);
    this.size = last ? last.start + last.orders.length : 0;
  }

  static of(orders: Iterable<Order>): OrderIndex {
    return OrderIndex.EMPTY.with(new Map(Array.from(orders, (order) => [order.id, order])));
  }

  get(id: Id): Order | undefined {
    const block = this.#blocks[this.#blockFor(keyOf(id))];
    const order = block?.orders[lowerBound(block.orders, (candidate) => candidate.id <= id)];
    return order?.id === id ? order : undefined;
  }

  /** The n-th newest order, from 0. */
  at(row: number): Order | undefined {
    const next = lowerBound(this.#blocks, (block) => block.start > row);
    const block = this.#blocks[next - 1];
    return block?.orders[row - block.start];
  }

  /** How many orders have this id or a newer one: the row where older ones begin. */
  countFrom(id: Id): number {
    const position = lowerBound(this.#blocks, (block) => block.key <= keyOf(id));
    const block = this.#blocks[position];
    if (!block) return this.size;
    return block.start + lowerBound(block.orders, (order) => order.id < id);
  }

  *[Symbol.iterator](): IterableIterator<Order> {
    for (const block of this.#blocks) yield* block.orders;
  }

  /** Add or replace orders; remove those whose value is null. */
  with(changes: ReadonlyMap<Id, Order | null>): OrderIndex {
    if (changes.size === 0) return this;
    const touched = groupByKey(changes);
    const untouched = this.#blocks.filter((block) => !touched.has(block.key));
    const rebuilt = Array.from(touched, ([key, ids]) => {
      const before = this.#blocks[this.#blockFor(key)]?.orders ?? [];
      return { key, start: 0, orders: merge(before, ids, changes) };
    });
    return new OrderIndex(numbered([...untouched, ...rebuilt]));
  }

  /** Each order that differs between two indexes, before and after. Shared blocks cost nothing. */
  static *differences(
    before: OrderIndex,
    after: OrderIndex,
  ): IterableIterator<readonly [Order | undefined, Order | undefined]> {
    const known = new Map(before.#blocks.map((block) => [block.key, block.orders]));
    for (const { key, orders } of after.#blocks) {
      yield* differencesIn(known.get(key) ?? [], orders);
      known.delete(key);
    }
    for (const orders of known.values()) yield* differencesIn(orders, []);
  }

  #blockFor(key: number): number {
    const position = lowerBound(this.#blocks, (block) => block.key <= key);
    return this.#blocks[position]?.key === key ? position : -1;
  }
}

function* differencesIn(
  before: readonly Order[],
  after: readonly Order[],
): IterableIterator<readonly [Order | undefined, Order | undefined]> {
  if (before === after) return;
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [old, now] = [before[i], after[j]];
    if (old && old.id === now?.id) {
      if (old !== now) yield [old, now];
      [i, j] = [i + 1, j + 1];
    } else if (old && (!now || old.id > now.id)) {
      yield [old, undefined];
      i += 1;
    } else {
      yield [undefined, now];
      j += 1;
    }
  }
}

/** Ids beyond 2^53 share coarser keys: the conversion rounds, but keeps the order. */
const keyOf = (id: Id): number =>
  typeof id === "bigint" ? Number(id / BigInt(BLOCK_IDS)) : Math.floor(id / BLOCK_IDS);

/** The first index at which `reached` holds; it must hold for all later ones. */
function lowerBound<T>(items: readonly T[], reached: (item: T) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(items[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function groupByKey(changes: ReadonlyMap<Id, unknown>): Map<number, Set<Id>> {
  const groups = new Map<number, Set<Id>>();
  for (const id of changes.keys()) {
    const key = keyOf(id);
    const group = groups.get(key);
    if (group) group.add(id);
    else groups.set(key, new Set([id]));
  }
  return groups;
}

function merge(
  before: readonly Order[],
  ids: ReadonlySet<Id>,
  changes: ReadonlyMap<Id, Order | null>,
): Order[] {
  const orders = before.filter((order) => !ids.has(order.id));
  for (const id of ids) {
    const order = changes.get(id);
    if (order) orders.push(order);
  }
  return orders.sort((a, b) => compareIds(b.id, a.id));
}

function numbered(blocks: Block[]): Block[] {
  let start = 0;
  return blocks
    .filter((block) => block.orders.length > 0)
    .sort((a, b) => b.key - a.key)
    .map((block) => {
      const renumbered = block.start === start ? block : { ...block, start };
      start += block.orders.length;
      return renumbered;
    });
}
