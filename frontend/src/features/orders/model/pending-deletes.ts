/**
 * Deletes that the user can still undo. A deleted order cannot get its id and history back, so the
 * request is sent only after the time for an undo, or when the page is left.
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
  /** Called once, when the delete can no longer be undone or was. */
  readonly onSettled: () => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class PendingDeletes<R extends Named> {
  /** The ids of rows that are about to be deleted. */
  readonly state = new Observable<ReadonlySet<RowKey>>(new Set());

  #commit: Commit<R> = () => undefined;
  readonly #pending = new Set<Pending<R>>();

  /** Call the listener when the time for an undo is over. */
  onCommit(commit: Commit<R>): void {
    this.#commit = commit;
  }

  /** Returns a function that cancels the delete. */
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

  /** Cancel every delete that includes this row. */
  undo(id: RowKey): void {
    for (const pending of [...this.#pending]) {
      if (pending.rows.some((row) => row.id === id)) this.#cancel(pending);
    }
  }

  #cancel(pending: Pending<R>): void {
    if (this.#remove(pending)) this.#tell();
  }

  /** Delete now: the page is being left. */
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
