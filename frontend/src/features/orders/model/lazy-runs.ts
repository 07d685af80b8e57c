import { Observable } from "real-time-orders";
import type { Toasts } from "@/components/toasts";
import { messageOf } from "@/lib/format";
import type { Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import type { OrderWrites } from "./order-writes";
import type { Run, StatusRuns } from "./status-runs";

/**
 * Changes of status. Their code is loaded on first use, so that the first view of the page loads
 * faster.
 */
export class LazyRuns {
  readonly state = new Observable<Run | null>(null);
  readonly #writes: OrderWrites;
  readonly #make: () => Promise<StatusRuns>;
  #made: Promise<StatusRuns> | null = null;

  constructor(writes: OrderWrites, toasts: Toasts, schema: () => OrderSchema) {
    this.#writes = writes;
    this.#make = async () => {
      const { StatusRuns } = await import("./status-runs");
      return new StatusRuns(writes, toasts, schema, this.state);
    };
    writes.onNotDeleted((failed, deleted) => {
      this.load().then(
        (runs) => runs.notDeleted(failed, deleted),
        (error: unknown) => {
          const title = words.writes.notDeleted(words.writes.orders(failed.length));
          toasts.show({ tone: "bad", title, detail: messageOf(error) });
        },
      );
    });
  }

  /** Loads the code once. After a failure the next call tries again. */
  readonly load = (): Promise<StatusRuns> => {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = null;
      throw error;
    });
    return this.#made;
  };

  /** Changes one order. The request is sent at once; the code for undo loads meanwhile. */
  async one(order: Order, before: string, status: string): Promise<void> {
    const write = this.#writes.setStatus(order, status);
    const runs = await this.load().catch(() => null); // the change itself does not need that code
    await runs?.one(order, before, status, write);
  }
}
