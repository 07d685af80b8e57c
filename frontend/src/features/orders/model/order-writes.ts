/**
 * What a user does to orders: shown at once, taken back (and said so) where it is refused. Each
 * write names the version that the user saw; where that is no longer the newest, they are asked.
 */
import * as z from "zod/mini";
import type { Toasts } from "@/components/toasts";
import { messageOf } from "@/lib/error-message";
import { RefusedError } from "@/lib/http";
import { Observable } from "@/lib/observable";
import { Order, type Status } from "@/lib/protocol";
import { stepOn } from "./next-status";
import { OrderEdits } from "./order-edits";
import { PendingDeletes } from "./pending-deletes";

/** Someone else was faster. */
export interface Conflict {
  /** The order as the user saw it. */
  readonly seen: Order;
  readonly now: Order;
  /** What the user wanted it to become; null for gone. */
  readonly wanted: Status | null;
}

export interface WritesApi {
  readonly changeStatus: (id: number, status: Status, version: number) => Promise<Order>;
  readonly deleteOrder: (id: number, version: number, leaving: boolean) => Promise<void>;
}

const ConflictBody = z.object({ order: Order });
const AT_A_TIME = 4;

export class OrderWrites {
  readonly edits = new OrderEdits();
  readonly deletes = new PendingDeletes();
  readonly conflicts = new Observable<readonly Conflict[]>([]);

  readonly #api: WritesApi;
  readonly #toasts: Toasts;
  /** The newest write to each order that is on its way: the next one continues from its answer. */
  readonly #underway = new Map<number, Promise<Order>>();

  constructor(api: WritesApi, toasts: Toasts) {
    this.#api = api;
    this.#toasts = toasts;
    this.deletes.onCommit((orders, leaving) => {
      for (const order of orders) void this.#delete(order, leaving);
    });
  }

  async setStatus(order: Order, status: Status): Promise<void> {
    try {
      await this.#change(order, status);
    } catch (error) {
      this.#explain(error, { seen: order, wanted: status });
    }
  }

  /** Every order one step on its way; returns the ids of those that did not move. */
  async moveOn(orders: readonly Order[]): Promise<number[]> {
    const steps = orders.flatMap((order) => {
      const status = stepOn(order.status);
      return status ? [{ order, status }] : [];
    });
    const left = orders.filter(({ status }) => stepOn(status) === null).map(({ id }) => id);
    const queue = [...steps];
    let conflicts = 0;
    let failure: unknown = null;
    const work = async () => {
      for (let step = queue.shift(); step; step = queue.shift()) {
        try {
          await this.#change(step.order, step.status);
        } catch (error) {
          left.push(step.order.id);
          if (conflictOf(error)) conflicts += 1;
          else failure = error;
        }
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    this.#summarise(orders.length - left.length, left.length, conflicts, failure);
    return left;
  }

  remove(orders: readonly Order[]): void {
    const undo = this.deletes.schedule(orders);
    const [first] = orders;
    if (!first) return;
    const what = orders.length === 1 ? `Order #${first.id}` : `${orders.length} orders`;
    this.#toasts.show({
      tone: "neutral",
      title: `${what} deleted`,
      action: { label: "Undo", run: undo },
    });
  }

  /** The user has decided: theirs stands, or mine all the same. */
  settle(conflict: Conflict, mine: boolean): void {
    this.conflicts.set(this.conflicts.get().filter((open) => open !== conflict));
    if (!mine) return;
    if (conflict.wanted === null) void this.#delete(conflict.now, false);
    else void this.setStatus(conflict.now, conflict.wanted);
  }

  async #change(order: Order, status: Status): Promise<void> {
    this.edits.begin(order.id, status);
    const before = this.#underway.get(order.id);
    const write = (before ?? Promise.resolve(order))
      .catch(() => order)
      .then((known) =>
        this.#api.changeStatus(order.id, status, Math.max(known.version, order.version)),
      );
    this.#underway.set(order.id, write);
    try {
      const { id, version } = await write;
      if (this.#underway.get(id) === write) this.edits.accepted(id, version);
    } catch (error) {
      if (this.#underway.get(order.id) === write) this.edits.drop(order.id);
      throw error;
    } finally {
      if (this.#underway.get(order.id) === write) this.#underway.delete(order.id);
    }
  }

  async #delete(order: Order, leaving: boolean): Promise<void> {
    try {
      await this.#api.deleteOrder(order.id, order.version, leaving);
    } catch (error) {
      if (error instanceof RefusedError && error.status === 404) return; // gone is gone
      this.#explain(error, { seen: order, wanted: null });
    }
  }

  #explain(error: unknown, { seen, wanted }: Omit<Conflict, "now">): void {
    const now = conflictOf(error);
    if (now && now.status !== wanted) {
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
      conflicts === 0 && failure === null
        ? "Delivered and cancelled orders have no next step."
        : "",
    ];
    this.#toasts.show({
      tone: failure === null ? "neutral" : "bad",
      title: `${orders(moved)} moved on, ${left} did not`,
      detail: detail.filter((part) => part !== "").join(" "),
    });
  }
}

/** The order as it stands now, where the API refused because it had changed. */
function conflictOf(error: unknown): Order | null {
  if (!(error instanceof RefusedError) || error.status !== 412) return null;
  const conflict = ConflictBody.safeParse(error.body);
  return conflict.success ? conflict.data.order : null;
}
