import { type Id, Observable } from "real-time-orders";

/** What the user did last, and how to take it back. */
export interface Undoable {
  /** Where the offer to undo is shown: the rows that were changed. */
  readonly ids: ReadonlySet<Id>;
  /** What an undo would do, in words. */
  readonly label: string;
  readonly run: () => void;
}

/** For so long the offer is shown; by key the last change can be undone until the next one. */
export const OFFERED_MS = 10_000;

/** The last change can be undone, once. */
export class Undos {
  /** What is offered at present. */
  readonly state = new Observable<Undoable | null>(null);
  #last: Undoable | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  offer(undoable: Undoable): void {
    this.#last = undoable;
    this.state.set(undoable);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.state.set(null), OFFERED_MS);
  }

  /** Without an argument the last change. Returns whether there was one. */
  undo(undoable: Undoable | null = this.#last): boolean {
    if (!undoable || undoable !== this.#last) return false;
    this.forget(undoable);
    undoable.run();
    return true;
  }

  forget(undoable: Undoable): void {
    if (undoable !== this.#last) return;
    this.#last = null;
    clearTimeout(this.#timer);
    this.state.set(null);
  }
}
