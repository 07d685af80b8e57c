/**
 * Deletes that the user can still undo. A deleted order cannot be restored with its id and history, so
 * the request is sent only when the time for undo is over, or when the page is left.
 */
import { Observable } from "real-time-orders";
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
  readonly timer: ReturnType<typeof setTimeout>;
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

  /** Schedules a delete and returns a function that cancels it. */
  schedule(rows: readonly R[], onSettled: () => void): () => void {
    const pending: Pending<R> = {
      rows,
      onSettled,
      timer: setTimeout(() => this.#finish(pending, false), UNDO_MS),
    };
    this.#pending.add(pending);
    this.#tell();
    return () => this.#cancel(pending);
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
    clearTimeout(pending.timer);
    const removed = this.#pending.delete(pending);
    if (removed) pending.onSettled();
    return removed;
  }

  #tell(): void {
    this.state.set(new Set([...this.#pending].flatMap(({ rows }) => rows.map(({ id }) => id))));
  }
}
