const HIDDEN_TAB_MS = 250;
const MOST_PER_FRAME = 1000;
/** From so many a second on, nobody follows single changes any more. */
const BUSY_PER_SECOND = 50;
const BUSY_EVERY_MS = 200;

/**
 * Gathers items and hands them over together: with the next animation frame as long as it is quiet,
 * five times a second when there is much. A burst of 10,000 costs a few renders, each of bounded
 * work. A hidden tab draws no frames, so there a timer goes first.
 */
export class FrameBatch<T> {
  #items: T[] = [];
  #frame: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #deliveredAt = -Infinity;
  #second = 0;
  #thisSecond = 0;
  #lastSecond = 0;
  readonly #deliver: (items: T[]) => void;

  constructor(deliver: (items: T[]) => void) {
    this.#deliver = deliver;
  }

  get waiting(): number {
    return this.#items.length;
  }

  push(items: readonly T[]): void {
    for (const item of items) this.#items.push(item);
    this.#count(items.length);
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
    this.#deliveredAt = performance.now();
    const now = items.splice(0, MOST_PER_FRAME);
    this.#items = items;
    this.#schedule();
    this.#deliver(now);
  };

  #schedule(): void {
    if (this.#timer !== undefined || this.#items.length === 0) return;
    const pause = this.#pause();
    if (pause > 0) {
      this.#timer = setTimeout(this.#flush, pause);
    } else {
      this.#timer = setTimeout(this.#flush, HIDDEN_TAB_MS);
      this.#frame = requestAnimationFrame(this.#flush);
    }
  }

  #pause(): number {
    const busy = Math.max(this.#thisSecond, this.#lastSecond) > BUSY_PER_SECOND;
    // A backlog is worked off frame by frame.
    if (!busy || this.#items.length >= MOST_PER_FRAME) return 0;
    return this.#deliveredAt + BUSY_EVERY_MS - performance.now();
  }

  #count(items: number): void {
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      this.#lastSecond = second === this.#second + 1 ? this.#thisSecond : 0;
      this.#thisSecond = 0;
      this.#second = second;
    }
    this.#thisSecond += items;
  }
}
