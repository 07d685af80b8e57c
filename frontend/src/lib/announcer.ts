/** Summarises changes for screen readers: at most one sentence every 20 seconds, not one per change. */
import { type ChangeEvent, Observable } from "real-time-orders";
import { words } from "@/words";

const EVERY_MS = 20_000;
const OPERATIONS = ["INSERT", "UPDATE", "DELETE"] as const;

export class Announcer {
  readonly state = new Observable("");
  #counts = { INSERT: 0, UPDATE: 0, DELETE: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;

  receive(events: readonly ChangeEvent[]): void {
    for (const { operation } of events) {
      if (operation in this.#counts) this.#counts[operation as (typeof OPERATIONS)[number]] += 1;
    }
    this.#timer ??= setTimeout(this.#speak, EVERY_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  readonly #speak = (): void => {
    this.#timer = undefined;
    const parts = OPERATIONS.filter((operation) => this.#counts[operation] > 0).map((operation) =>
      words.announced[operation](this.#counts[operation]),
    );
    this.#counts = { INSERT: 0, UPDATE: 0, DELETE: 0 };
    if (parts.length > 0) this.state.set(words.announced.changes(parts));
  };
}
