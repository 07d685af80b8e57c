/** Stores how far the user has seen the changes, while the page is visible. */
import type { KeptPreference } from "@/lib/preferences";
import { lastVisit, type Seen, seenNow, type Visits } from "./visits";

const EVERY_MS = 120_000;
const FIRST_MS = 10_000;

export type KeptVisits = KeptPreference<Visits>;

export class VisitKeeper {
  readonly #kept: KeptVisits;
  readonly #seen: () => Seen | null;
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** `seen` returns what the page shows now; null if it shows nothing. */
  constructor(kept: KeptVisits, seen: () => Seen | null) {
    this.#kept = kept;
    this.#seen = seen;
  }

  start(): void {
    // Wait a little, because the API may have a later visit in another browser.
    this.#timers = [setTimeout(this.#keep, FIRST_MS)];
    const again = setInterval(this.#keep, EVERY_MS);
    this.#timers.push(again);
    document.addEventListener("visibilitychange", this.#leave);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    document.removeEventListener("visibilitychange", this.#leave);
  }

  /** Returns where the visit before this one ended. */
  last(now: number): Seen | null {
    return lastVisit(this.#kept.state.get(), now);
  }

  readonly #keep = (): void => {
    const seen = this.#seen();
    if (seen === null || document.visibilityState !== "visible") return;
    this.#kept.set(seenNow(this.#kept.state.get(), seen));
  };

  /** Stores what was shown when the page is hidden. Later changes count as not seen. */
  readonly #leave = (): void => {
    const seen = this.#seen();
    const kept = this.#kept.state.get();
    // A visit that ends before anything was stored does not count.
    if (document.visibilityState !== "hidden" || seen === null || kept === null) return;
    this.#kept.set(seenNow(kept, seen));
  };
}
