import type { Order } from "@/lib/protocol";

const BLOCK_IDS = 256;

interface Block {
  /** Ids `key * BLOCK_IDS` and up live here. */
  readonly key: number;
  /** How many orders stand in the blocks before this one. */
  readonly start: number;
  /** Highest id first; never empty. */
  readonly orders: readonly Order[];
}

/**
 * Orders by id, newest first, never changed in place: `with` returns another index that shares all
 * untouched blocks. A change among 100,000 orders copies some hundreds of references, not 100,000,
 * and the n-th row is found without sorting anything.
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

  get(id: number): Order | undefined {
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

  /** How many orders are newer than this id: its row, or where it would be. */
  rank(id: number): number {
    const position = lowerBound(this.#blocks, (block) => block.key <= keyOf(id));
    const block = this.#blocks[position];
    if (!block) return this.size;
    return block.start + lowerBound(block.orders, (order) => order.id <= id);
  }

  *[Symbol.iterator](): IterableIterator<Order> {
    for (const block of this.#blocks) yield* block.orders;
  }

  /** Put orders in or, where the value is null, take them out. */
  with(changes: ReadonlyMap<number, Order | null>): OrderIndex {
    if (changes.size === 0) return this;
    const touched = groupByKey(changes);
    const untouched = this.#blocks.filter((block) => !touched.has(block.key));
    const rebuilt = Array.from(touched, ([key, ids]) => {
      const before = this.#blocks[this.#blockFor(key)]?.orders ?? [];
      return { key, start: 0, orders: merge(before, ids, changes) };
    });
    return new OrderIndex(numbered([...untouched, ...rebuilt]));
  }

  /** Each order in which two indexes differ: as it was and as it is. Shared blocks cost nothing. */
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
    } else if (old && old.id > (now?.id ?? -Infinity)) {
      yield [old, undefined];
      i += 1;
    } else {
      yield [undefined, now];
      j += 1;
    }
  }
}

const keyOf = (id: number): number => Math.floor(id / BLOCK_IDS);

/** The first index at which `reached` holds; it holds for all that follow. */
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

function groupByKey(changes: ReadonlyMap<number, unknown>): Map<number, Set<number>> {
  const groups = new Map<number, Set<number>>();
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
  ids: ReadonlySet<number>,
  changes: ReadonlyMap<number, Order | null>,
): Order[] {
  const orders = before.filter((order) => !ids.has(order.id));
  for (const id of ids) {
    const order = changes.get(id);
    if (order) orders.push(order);
  }
  return orders.sort((a, b) => b.id - a.id);
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
