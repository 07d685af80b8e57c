/**
 * Deletes that the user can still undo. A deleted order cannot be restored with its id and history, so
 * the request is sent only when the time for undo is over, or when the page is left.
 */
import { Observable } from "real-time-orders";
import { Countdown } from "@/lib/countdown";
import type { RowKey } from "@/lib/row";

export const UNDO_MS = 7000;

interface Named {
  readonly id: RowKey;
}
type Commit<R> = (rows: readonly R[], leaving: boolean) => void;

interface Pending<R> {
  readonly rows: readonly R[];
  /** Called once, when the delete has been undone or can no longer be. */
  readonly onSettled: () => void;
  readonly countdown: Countdown;
}

/** A scheduled delete. */
interface Scheduled {
  readonly cancel: () => void;
  /** Whether the time for undo stands still. */
  readonly hold: (held: boolean) => void;
}

export class PendingDeletes<R extends Named> {
  /** The ids of rows that are about to be deleted. */
  readonly state = new Observable<ReadonlySet<RowKey>>(new Set());

  #commit: Commit<R> = () => undefined;
  readonly #pending = new Set<Pending<R>>();

  /** Sets the function that sends the delete when the time for undo is over. */
  onCommit(commit: Commit<R>): void {
    this.#commit = commit;
  }

  schedule(rows: readonly R[], onSettled: () => void): Scheduled {
    const countdown = new Countdown(UNDO_MS, () => this.#finish(pending, false));
    const pending: Pending<R> = { rows, onSettled, countdown };
    this.#pending.add(pending);
    this.#tell();
    return {
      cancel: () => this.#cancel(pending),
      hold: (held) => {
        if (this.#pending.has(pending)) countdown.hold(held);
      },
    };
  }

  /** Cancels every delete that includes this row. */
  undo(id: RowKey): void {
    for (const pending of [...this.#pending]) {
      if (pending.rows.some((row) => row.id === id)) this.#cancel(pending);
    }
  }

  #cancel(pending: Pending<R>): void {
    if (this.#remove(pending)) this.#tell();
  }

  /** Sends all deletes now, because the page is being left. */
  flush(): void {
    for (const pending of [...this.#pending]) this.#finish(pending, true);
  }

  #finish(pending: Pending<R>, leaving: boolean): void {
    if (!this.#remove(pending)) return;
    this.#commit(pending.rows, leaving);
    this.#tell();
  }

  #remove(pending: Pending<R>): boolean {
    pending.countdown.stop();
    const removed = this.#pending.delete(pending);
    if (removed) pending.onSettled();
    return removed;
  }

  #tell(): void {
    this.state.set(new Set([...this.#pending].flatMap(({ rows }) => rows.map(({ id }) => id))));
  }
}
