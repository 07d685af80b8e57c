/**
 * Collects items and delivers them in batches: at once after a pause, otherwise once per period. Used
 * for lists that nobody could read at sixty changes per second.
 */
export class PacedBatch<T> {
  #items: T[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deliveredAt = -Infinity;
  readonly #everyMs: number;
  readonly #deliver: (items: T[]) => void;

  constructor(everyMs: number, deliver: (items: T[]) => void) {
    this.#everyMs = everyMs;
    this.#deliver = deliver;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    if (this.#timer !== undefined || this.#items.length === 0) return;
    const pause = this.#deliveredAt + this.#everyMs - Date.now();
    if (pause > 0) this.#timer = setTimeout(this.#flush, pause);
    else this.#flush();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#items = [];
  }

  readonly #flush = (): void => {
    const items = this.#items;
    this.clear();
    this.#deliveredAt = Date.now();
    this.#deliver(items);
  };
}
