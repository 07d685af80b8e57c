/**
 * The part of a long list that a table holds: where the reader is looking, and whether the place of the
 * rows is certain.
 */
import type { TableOptions } from "./table-state.ts";

/** How many rows beyond those in view are loaded in advance. */
export const MARGIN = 60;
/** A snapshot may include changes of about this time after its position. */
const AHEAD_MS = 2000;

export class TableWindow {
  /** The target of a jump whose rows have not arrived. */
  goal: { readonly start: number; readonly limit: number } | null = null;
  /** How many pages were loaded. */
  pages = 0;
  #loadedAt = -Infinity;
  #placing: ReturnType<typeof setTimeout> | undefined;
  readonly #reload: () => void;

  constructor(reload: () => void) {
    this.#reload = reload;
  }

  /**
   * Returns on which side of the held rows more rows are needed when the reader sees these rows, or
   * null. `there`: around the new goal.
   */
  lookAt(
    first: number,
    end: number,
    held: { readonly start: number; readonly size: number },
    { limit: least = 0, window = 0 }: TableOptions,
  ): "there" | "before" | "after" | null {
    const { goal } = this;
    if (goal && goal.start <= first && end <= goal.start + goal.limit) return null;
    const [from, to] = [held.start, held.start + held.size];
    if (end < from || first > to) {
      const limit = Math.min(window, Math.max(least, end - first + MARGIN));
      this.goal = { start: Math.max(0, Math.floor((first + end - limit) / 2)), limit };
      return "there";
    }
    this.goal = null;
    const margin = Math.min(MARGIN, Math.floor(window / 8));
    if (first - from < margin && from > 0) return "before";
    return to - end < margin ? "after" : null;
  }

  /**
   * Called when events moved the rows. A recent snapshot may include these changes already, so the
   * place is loaded again once no such events arrive.
   */
  doubt(): void {
    const isFresh = Date.now() - this.#loadedAt < AHEAD_MS;
    if (!isFresh && this.#placing === undefined) return;
    clearTimeout(this.#placing);
    this.#placing = setTimeout(() => {
      this.#placing = undefined;
      this.#reload();
    }, AHEAD_MS);
  }

  /**
   * Called when the rows have been loaded with their place: the goal is reached and the place is
   * certain.
   */
  placed(): void {
    this.stop();
    this.loaded();
  }

  loaded(): void {
    this.pages += 1;
    this.#loadedAt = Date.now();
  }

  stop(): void {
    clearTimeout(this.#placing);
    this.#placing = undefined;
    this.goal = null;
  }
}
