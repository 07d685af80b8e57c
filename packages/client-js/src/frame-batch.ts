const HIDDEN_TAB_MS = 250;
/** The delay without animation frames, as in Node. */
const WITHOUT_FRAMES_MS = 16;
const MOST_PER_FRAME = 1000;
/** Above this rate, people cannot follow single changes, so they are delivered less often. */
const BUSY_PER_SECOND = 50;
const BUSY_EVERY_MS = 200;

/**
 * Collects items and delivers them together: with the next animation frame at low rates, five times per
 * second at high rates. A burst of 10,000 items costs a few renders of limited work. Hidden tabs and
 * servers draw no frames, so there a timer delivers.
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
    this.#frame = undefined;
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
      const hasFrames = typeof requestAnimationFrame === "function";
      this.#timer = setTimeout(this.#flush, hasFrames ? HIDDEN_TAB_MS : WITHOUT_FRAMES_MS);
      if (hasFrames) this.#frame = requestAnimationFrame(this.#flush);
    }
  }

  #pause(): number {
    const busy = Math.max(this.#thisSecond, this.#lastSecond) > BUSY_PER_SECOND;
    // A backlog is delivered in parts, one with each frame.
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
