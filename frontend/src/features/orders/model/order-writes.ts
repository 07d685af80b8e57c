/**
 * The user's changes of orders: shown at once, and reverted with a message if the API refuses them.
 * Each write names the version that the user saw; if the order has a newer one, the user is asked.
 */
import { type Id, Observable, RefusedError, versionOf } from "real-time-orders";
import type { Toasts } from "@/components/toasts";
import { messageOf } from "@/lib/format";
import { oneOrder } from "@/lib/protocol";
import { object } from "@/lib/shape";
import { type Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { OrderEdits } from "./order-edits";
import { PendingDeletes } from "./pending-deletes";

/** Someone else changed the order first. */
export interface Conflict {
  /** The order as the user saw it. */
  readonly seen: Order;
  readonly now: Order;
  /** The status that the user chose; null for a delete. */
  readonly wanted: string | null;
}

export interface WritesApi {
  readonly changeStatus: (seen: Order, status: string) => Promise<Order>;
  readonly deleteOrder: (seen: Order, leaving: boolean) => Promise<void>;
}

const AT_A_TIME = 4;

export class OrderWrites {
  readonly edits = new OrderEdits();
  readonly deletes = new PendingDeletes();
  readonly conflicts = new Observable<readonly Conflict[]>([]);

  readonly #api: WritesApi;
  readonly #toasts: Toasts;
  readonly #schema: () => OrderSchema;
  /** The newest unanswered write to each order: the next one continues from its answer. */
  readonly #underway = new Map<Id, Promise<Order>>();

  constructor(api: WritesApi, toasts: Toasts, schema: () => OrderSchema) {
    this.#api = api;
    this.#toasts = toasts;
    this.#schema = schema;
    this.deletes.onCommit((orders, leaving) => {
      for (const order of orders) void this.#delete(order, leaving);
    });
  }

  async setStatus(order: Order, status: string): Promise<void> {
    try {
      await this.#change(order, status);
    } catch (error) {
      this.#explain(error, { seen: order, wanted: status });
    }
  }

  /** Set every order to its next status; returns the ids of those that did not change. */
  async moveOn(orders: readonly Order[]): Promise<Id[]> {
    const left: Id[] = [];
    const queue = orders.flatMap((order) => {
      const status = this.#schema().stepOn(this.#schema().statusOf(order));
      if (status === null) left.push(order.id);
      return status === null ? [] : [{ order, status }];
    });
    let conflicts = 0;
    let failure: unknown = null;
    const work = async () => {
      for (let step = queue.shift(); step; step = queue.shift()) {
        try {
          await this.#change(step.order, step.status);
        } catch (error) {
          left.push(step.order.id);
          if (conflictOf(error, step.order.id)) conflicts += 1;
          else failure = error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    this.#summarise(orders.length - left.length, left.length, conflicts, failure);
    return left;
  }

  remove(orders: readonly Order[]): void {
    const [first] = orders;
    if (!first) return;
    const what = orders.length === 1 ? `Order #${first.id}` : `${orders.length} orders`;
    const undo = this.deletes.schedule(orders, () => this.#toasts.dismiss(toast));
    // The toast stays exactly as long as its Undo works.
    const toast = this.#toasts.show({
      tone: "neutral",
      title: `${what} deleted`,
      action: { label: "Undo", run: undo },
    });
  }

  /** The user has decided: keep the other change, or overwrite it (`mine`). */
  settle(conflict: Conflict, mine: boolean): void {
    this.conflicts.set(this.conflicts.get().filter((open) => open !== conflict));
    if (!mine) return;
    if (conflict.wanted === null) void this.#delete(conflict.now, false);
    else void this.setStatus(conflict.now, conflict.wanted);
  }

  async #change(order: Order, status: string): Promise<void> {
    this.edits.begin(order.id, status);
    const before = this.#underway.get(order.id);
    const write = (before ?? Promise.resolve(order))
      .catch(() => order)
      .then((known) =>
        this.#api.changeStatus(versionOf(order) > versionOf(known) ? order : known, status),
      );
    this.#underway.set(order.id, write);
    try {
      const answer = await write;
      if (this.#underway.get(order.id) === write) this.edits.accepted(order.id, versionOf(answer));
    } catch (error) {
      if (this.#underway.get(order.id) === write) this.edits.drop(order.id);
      throw error;
    } finally {
      if (this.#underway.get(order.id) === write) this.#underway.delete(order.id);
    }
  }

  async #delete(order: Order, leaving: boolean): Promise<void> {
    try {
      await this.#api.deleteOrder(order, leaving);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return; // already deleted
      this.#explain(error, { seen: order, wanted: null });
    }
  }

  #explain(error: unknown, { seen, wanted }: Omit<Conflict, "now">): void {
    const now = conflictOf(error, seen.id);
    if (now && this.#schema().statusOf(now) !== wanted) {
      this.conflicts.set([...this.conflicts.get(), { seen, now, wanted }]);
    } else if (!now) {
      const done = wanted === null ? "deleted" : "changed";
      const title = `Order #${seen.id} was not ${done}`;
      this.#toasts.show({ tone: "bad", title, detail: messageOf(error) });
    }
  }

  #summarise(moved: number, left: number, conflicts: number, failure: unknown): void {
    const orders = (count: number) => (count === 1 ? "1 order" : `${count} orders`);
    if (left === 0) {
      this.#toasts.show({ tone: "good", title: `${orders(moved)} moved on` });
      return;
    }
    const changed = `${orders(conflicts)} had been changed by someone else: look at them again.`;
    const detail = [
      conflicts > 0 ? changed : "",
      failure === null ? "" : messageOf(failure),
      conflicts === 0 && failure === null ? "Some orders have no next status." : "",
    ];
    this.#toasts.show({
      tone: failure === null ? "neutral" : "bad",
      title: `${orders(moved)} moved on, ${left} did not`,
      detail: detail.filter((part) => part !== "").join(" "),
    });
  }
}

/** The order as it is now, if the API refused the write because the order had changed. */
function conflictOf(error: unknown, id: Id): Order | null {
  if (!(error instanceof RefusedError) || error.status !== 412) return null;
  return object({ order: oneOrder(id) })(error.body)?.order ?? null;
}
