/**
 * Deletes that the user can still undo. A deleted order cannot get its id and history back, so the
 * request is sent only after the time for an undo, or when the page is left.
 */
import { type Id, Observable } from "real-time-orders";
import type { Order } from "@/lib/row";

export const UNDO_MS = 7000;

export type Commit = (orders: readonly Order[], leaving: boolean) => void;

interface Pending {
  readonly orders: readonly Order[];
  /** Called once, when the delete can no longer be undone or was. */
  readonly onSettled: () => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class PendingDeletes {
  /** The ids of orders that are about to be deleted. */
  readonly state = new Observable<ReadonlySet<Id>>(new Set());

  #commit: Commit = () => undefined;
  readonly #pending = new Set<Pending>();

  /** Call the listener when the time for an undo is over. */
  onCommit(commit: Commit): void {
    this.#commit = commit;
  }

  /** Returns a function that cancels the delete. */
  schedule(orders: readonly Order[], onSettled: () => void): () => void {
    const pending: Pending = {
      orders,
      onSettled,
      timer: setTimeout(() => this.#finish(pending, false), UNDO_MS),
    };
    this.#pending.add(pending);
    this.#tell();
    return () => this.#cancel(pending);
  }

  /** Cancel every delete that includes this order. */
  undo(id: Id): void {
    for (const pending of [...this.#pending]) {
      if (pending.orders.some((order) => order.id === id)) this.#cancel(pending);
    }
  }

  #cancel(pending: Pending): void {
    if (this.#remove(pending)) this.#tell();
  }

  /** Delete now: the page is being left. */
  flush(): void {
    for (const pending of [...this.#pending]) this.#finish(pending, true);
  }

  #finish(pending: Pending, leaving: boolean): void {
    if (!this.#remove(pending)) return;
    this.#commit(pending.orders, leaving);
    this.#tell();
  }

  #remove(pending: Pending): boolean {
    clearTimeout(pending.timer);
    const removed = this.#pending.delete(pending);
    if (removed) pending.onSettled();
    return removed;
  }

  #tell(): void {
    this.state.set(new Set([...this.#pending].flatMap(({ orders }) => orders.map(({ id }) => id))));
  }
}
