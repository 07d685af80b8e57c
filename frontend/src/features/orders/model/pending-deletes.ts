/**
 * Deletes that can still be taken back. A deleted order cannot get its id and history back, so
 * nothing is deleted until the time for second thoughts is over; or the page is left.
 */
import { Observable } from "@/lib/observable";
import type { Order } from "@/lib/protocol";

export const UNDO_MS = 7000;

export type Commit = (orders: readonly Order[], leaving: boolean) => void;

interface Pending {
  readonly orders: readonly Order[];
  readonly timer: ReturnType<typeof setTimeout>;
}

export class PendingDeletes {
  /** The ids of orders that are about to go. */
  readonly state = new Observable<ReadonlySet<number>>(new Set());

  #commit: Commit = () => undefined;
  readonly #pending = new Set<Pending>();

  /** Who deletes once it is time. */
  onCommit(commit: Commit): void {
    this.#commit = commit;
  }

  /** Returns what takes it back. */
  schedule(orders: readonly Order[]): () => void {
    const pending: Pending = {
      orders,
      timer: setTimeout(() => this.#finish(pending, false), UNDO_MS),
    };
    this.#pending.add(pending);
    this.#tell();
    return () => this.#takeBack(pending);
  }

  /** Take back whatever was to delete this order. */
  undo(id: number): void {
    for (const pending of [...this.#pending]) {
      if (pending.orders.some((order) => order.id === id)) this.#takeBack(pending);
    }
  }

  #takeBack(pending: Pending): void {
    clearTimeout(pending.timer);
    this.#pending.delete(pending);
    this.#tell();
  }

  /** No more second thoughts: the page is being left. */
  flush(): void {
    for (const pending of [...this.#pending]) this.#finish(pending, true);
  }

  #finish(pending: Pending, leaving: boolean): void {
    clearTimeout(pending.timer);
    if (!this.#pending.delete(pending)) return;
    this.#commit(pending.orders, leaving);
    this.#tell();
  }

  #tell(): void {
    this.state.set(new Set([...this.#pending].flatMap(({ orders }) => orders.map(({ id }) => id))));
  }
}
