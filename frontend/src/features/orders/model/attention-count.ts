import { attends, type ChangeEvent, Observable } from "real-time-orders";
import { Followed } from "@/lib/followed";
import type { CountsPage } from "@/lib/protocol";
import type { OrderSchema } from "@/lib/schema";
import { countOrders } from "../api/orders";
import { countEvents, countOf, openCounts, type OrderCounts } from "./order-counts";

/**
 * Counts the orders that need attention. Events show when an order no longer needs attention. An order
 * begins to need it when time passes, without an event, so call `reload` from time to time.
 */
export class AttentionCount {
  /** Null before the orders are counted, and if no status has a threshold. */
  readonly count = new Observable<number | null>(null);
  readonly #schema: () => OrderSchema;
  readonly #counts: Followed<CountsPage, OrderCounts>;

  constructor(schema: () => OrderSchema, now: () => number) {
    this.#schema = schema;
    this.#counts = new Followed({
      fetch: (signal) => countOrders(new URLSearchParams({ attention: "warn" }), signal),
      open: openCounts,
      apply: (counts, events) => {
        const waits = attends("warn", schema().table, now);
        return countEvents(counts, events, schema(), waits ?? (() => false));
      },
    });
    this.#counts.state.subscribe(() => {
      const counts = this.#counts.state.get();
      const count = counts && countOf(counts, null);
      if (count !== this.count.get()) this.count.set(count);
    });
  }

  receive(events: readonly ChangeEvent[], conflated: boolean): void {
    if (this.#schema().hasThresholds) this.#counts.receive(events, conflated);
  }

  reload(): void {
    if (this.#schema().hasThresholds) this.#counts.reload();
    else if (this.count.get() !== null) this.count.set(null);
  }

  stop(): void {
    this.#counts.stop();
  }
}
