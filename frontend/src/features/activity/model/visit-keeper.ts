/** Keeps where the reader's visit has come to, as long as the page is visible. */
import type { KeptPreference } from "@/lib/preferences";
import { lastVisit, type Seen, seenNow, type Visits } from "./visits";

const EVERY_MS = 120_000;
const FIRST_MS = 10_000;

export type KeptVisits = KeptPreference<Visits>;

export class VisitKeeper {
  readonly #kept: KeptVisits;
  readonly #seen: () => Seen | null;
  #timers: ReturnType<typeof setTimeout>[] = [];

  /** `seen`: what the page shows now; null while it shows nothing. */
  constructor(kept: KeptVisits, seen: () => Seen | null) {
    this.#kept = kept;
    this.#seen = seen;
  }

  start(): void {
    // Not at once: the API may know of a later visit, in another browser.
    this.#timers = [setTimeout(this.#keep, FIRST_MS)];
    const again = setInterval(this.#keep, EVERY_MS);
    this.#timers.push(again);
    document.addEventListener("visibilitychange", this.#leave);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    document.removeEventListener("visibilitychange", this.#leave);
  }

  /** Where the visit before this one ended. */
  last(now: number): Seen | null {
    return lastVisit(this.#kept.state.get(), now);
  }

  readonly #keep = (): void => {
    const seen = this.#seen();
    if (seen === null || document.visibilityState !== "visible") return;
    this.#kept.set(seenNow(this.#kept.state.get(), seen));
  };

  /** What was seen until the page was hidden was seen; what comes while it is hidden was not. */
  readonly #leave = (): void => {
    const seen = this.#seen();
    const kept = this.#kept.state.get();
    // A visit of some seconds, before anything was kept, ends no other.
    if (document.visibilityState !== "hidden" || seen === null || kept === null) return;
    this.#kept.set(seenNow(kept, seen));
  };
}
