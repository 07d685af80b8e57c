/**
 * Deletes that the user can still undo. A deleted order cannot get its id and history back, so the
 * request is sent only after the time for an undo, or when the page is left.
 */
import { Observable } from "real-time-orders";
import type { Order } from "@/lib/row";

export const UNDO_MS = 7000;

interface Named {
  readonly id: unknown;
}
export type Commit<R> = (rows: readonly R[], leaving: boolean) => void;

interface Pending<R> {
  readonly orders: readonly R[];
  /** Called once, when the delete can no longer be undone or was. */
  readonly onSettled: () => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class PendingDeletes<R extends Named = Order> {
  /** The ids of orders that are about to be deleted. */
  readonly state = new Observable<ReadonlySet<R["id"]>>(new Set());

  #commit: Commit<R> = () => undefined;
  readonly #pending = new Set<Pending<R>>();

  /** Call the listener when the time for an undo is over. */
  onCommit(commit: Commit<R>): void {
    this.#commit = commit;
  }

  /** Returns a function that cancels the delete. */
  schedule(orders: readonly R[], onSettled: () => void): () => void {
    const pending: Pending<R> = {
      orders,
      onSettled,
      timer: setTimeout(() => this.#finish(pending, false), UNDO_MS),
    };
    this.#pending.add(pending);
    this.#tell();
    return () => this.#cancel(pending);
  }

  /** Cancel every delete that includes this order. */
  undo(id: R["id"]): void {
    for (const pending of [...this.#pending]) {
      if (pending.orders.some((order) => order.id === id)) this.#cancel(pending);
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
    this.#commit(pending.orders, leaving);
    this.#tell();
  }

  #remove(pending: Pending<R>): boolean {
    clearTimeout(pending.timer);
    const removed = this.#pending.delete(pending);
    if (removed) pending.onSettled();
    return removed;
  }

  #tell(): void {
    this.state.set(new Set([...this.#pending].flatMap(({ orders }) => orders.map(({ id }) => id))));
  }
}
