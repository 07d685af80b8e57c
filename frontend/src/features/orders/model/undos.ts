import { type Id, Observable } from "real-time-orders";
import { Countdown } from "@/lib/countdown";

/** The user's latest change, and how to undo it. */
export interface Undoable {
  /** The changed rows, where the undo button is shown. */
  readonly ids: ReadonlySet<Id>;
  /** Text that says what undo would do. */
  readonly label: string;
  readonly run: () => void;
}

/** How long the undo button is shown. The keyboard shortcut works until the next change. */
export const OFFERED_MS = 10_000;

/** Keeps the latest change, which can be undone once. */
export class Undos {
  /** The change with an undo button at present; null: none. */
  readonly state = new Observable<Undoable | null>(null);
  #last: Undoable | null = null;
  #countdown: Countdown | undefined;

  offer(undoable: Undoable): void {
    this.#last = undoable;
    this.state.set(undoable);
    this.#countdown?.stop();
    this.#countdown = new Countdown(OFFERED_MS, () => this.state.set(null));
  }

  /** Keeps the undo button as long as it is held. */
  hold(undoable: Undoable, held: boolean): void {
    if (undoable === this.state.get()) this.#countdown?.hold(held);
  }

  /** Undoes a change, by default the latest one. Returns false if it can no longer be undone. */
  undo(undoable: Undoable | null = this.#last): boolean {
    if (!undoable || undoable !== this.#last) return false;
    this.forget(undoable);
    undoable.run();
    return true;
  }

  forget(undoable: Undoable): void {
    if (undoable !== this.#last) return;
    this.#last = null;
    this.#countdown?.stop();
    this.state.set(null);
  }
}
