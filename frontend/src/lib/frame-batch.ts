const HIDDEN_TAB_MS = 250;
const MOST_PER_FRAME = 1000;

/**
 * Gathers items and hands them over together, once per animation frame: a burst of 10,000 events
 * costs a few renders, each of bounded work. A hidden tab draws no frames, so there a timer goes
 * first.
 */
export class FrameBatch<T> {
  #items: T[] = [];
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #deliver: (items: T[]) => void;

  constructor(deliver: (items: T[]) => void) {
    this.#deliver = deliver;
  }

  get waiting(): number {
    return this.#items.length;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    this.#schedule();
  }

  clear(): void {
    this.#items = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  readonly #flush = (): void => {
    const items = this.#items;
    this.clear();
    const now = items.splice(0, MOST_PER_FRAME);
    this.#items = items;
    this.#schedule();
    this.#deliver(now);
  };

  #schedule(): void {
    if (this.#timer !== undefined || this.#items.length === 0) return;
    this.#timer = setTimeout(this.#flush, HIDDEN_TAB_MS);
    this.#frame = requestAnimationFrame(this.#flush);
  }
}
