/**
 * Where in a long list the rows of a table are: where the reader looks, and whether the place of the rows
 * is certain.
 */
import type { TableOptions } from "./table-state.ts";

/** So many rows beyond those in view are loaded before they are needed. */
export const MARGIN = 60;
/** A snapshot may be ahead of its position by what the database does in this time. */
const AHEAD_MS = 2000;

export class TableWindow {
  /** Where a jump leads that has not arrived. */
  goal: { readonly start: number; readonly limit: number } | null = null;
  /** How many pages were loaded. */
  pages = 0;
  #loadedAt = -Infinity;
  #placing: ReturnType<typeof setTimeout> | undefined;
  readonly #reload: () => void;

  constructor(reload: () => void) {
    this.#reload = reload;
  }

  /** What is missing, or will be soon, where the reader sees these rows; `there`: at the new goal. */
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

  /** The snapshot may have shown these changes already: ask for the place again when it is quiet. */
  doubt(): void {
    const isFresh = Date.now() - this.#loadedAt < AHEAD_MS;
    if (!isFresh && this.#placing === undefined) return;
    clearTimeout(this.#placing);
    this.#placing = setTimeout(() => {
      this.#placing = undefined;
      this.#reload();
    }, AHEAD_MS);
  }

  /** The goal is reached, and a snapshot of now tells the place of the rows. */
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
