import { Observable } from "real-time-orders";
import type { Toasts } from "@/components/toasts";
import { messageOf } from "@/lib/format";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import type { OrderWrites } from "./order-writes";
import type { Run, StatusRuns } from "./status-runs";

/** Changes of status. What makes them is not part of the page's first view. */
export class LazyRuns {
  readonly state = new Observable<Run | null>(null);
  readonly #make: () => Promise<StatusRuns>;
  #made: Promise<StatusRuns> | null = null;

  constructor(writes: OrderWrites, toasts: Toasts, schema: () => OrderSchema) {
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

  /** An import that failed is tried again. */
  readonly load = (): Promise<StatusRuns> => {
    this.#made ??= this.#make().catch((error: unknown) => {
      this.#made = null;
      throw error;
    });
    return this.#made;
  };

  async one(...args: Parameters<StatusRuns["one"]>): Promise<void> {
    await (await this.load()).one(...args);
  }
}
