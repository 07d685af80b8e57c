import { type ChangeEvent, type Id, Observable, ORDERS } from "real-time-orders";
import type { Order } from "@/lib/row";

/**
 * Selected orders by id, each as it was on the screen when it was selected. A request sends the
 * versions that the user saw, so the API refuses an order that has changed since.
 */
export class Selection {
  readonly state = new Observable<ReadonlyMap<Id, Order>>(new Map());
  /** Whether every order that matches the filter is selected, loaded or not. */
  readonly isAll = new Observable(false);
  #last: Id | null = null;

  /** Selects every order that matches; `loaded` are the ones in memory. */
  all(loaded: readonly Order[]): void {
    this.add(loaded);
    this.isAll.set(true);
  }

  toggle(order: Order): void {
    this.#last = order.id;
    if (this.state.get().has(order.id)) this.remove([order.id]);
    else this.add([order]);
  }

  /** Selects the rows from the order that was selected last to this one. */
  extendTo(order: Order, ordersBetween: (from: Id, to: Id) => readonly Order[]): void {
    const from = this.#last ?? order.id;
    this.#last = order.id;
    this.add(ordersBetween(from, order.id));
  }

  add(orders: readonly Order[]): void {
    this.isAll.set(false);
    const added = orders.map((order) => [order.id, order] as const);
    this.state.set(new Map([...this.state.get(), ...added]));
  }

  remove(ids: readonly Id[]): void {
    this.isAll.set(false);
    const selected = new Map(this.state.get());
    for (const id of ids) selected.delete(id);
    this.state.set(selected);
  }

  /** Removes deleted orders from the selection. */
  receive(events: readonly ChangeEvent[]): void {
    const before = this.state.get();
    const gone = new Set(
      events.map(({ table, operation, order_id }) =>
        table === ORDERS && operation === "DELETE" ? order_id : null,
      ),
    );
    const left = [...before].filter(([id]) => !gone.has(id));
    if (left.length < before.size) this.state.set(new Map(left));
  }

  clear(): void {
    this.isAll.set(false);
    if (this.state.get().size > 0) this.state.set(new Map());
  }
}
