/**
 * Estimates the database's clock from this computer. Two clocks may differ by minutes, and a latency
 * computed from both would be wrong by that difference.
 *
 * An answer with the database's time was written between the request and its arrival. The middle is the
 * best estimate; its error is at most half the round trip, so the estimate of the fastest answer is
 * used.
 */
export interface ClockEstimate {
  /** The database's time minus this computer's. */
  readonly offsetMs: number;
  /** The largest possible error of the offset. */
  readonly errorMs: number;
}

interface Sample extends ClockEstimate {
  readonly at: number;
  /** This computer's clock minus the time since the page was opened. */
  readonly origin: number;
}

const KEPT_MS = 10 * 60_000; // older answers do not count, because clocks drift apart
const JUMP_MS = 500;

const origin = (): number => Date.now() - performance.now();

export class DatabaseClock {
  #samples: Sample[] = [];

  sample(askedAt: number, answeredAt: number, databaseTime: string): void {
    const errorMs = (answeredAt - askedAt) / 2;
    const offsetMs = Date.parse(databaseTime) - (askedAt + errorMs);
    if (!Number.isFinite(offsetMs)) return;
    const recent = this.#valid().filter(({ at }) => answeredAt - at < KEPT_MS);
    this.#samples = [...recent.slice(-19), { offsetMs, errorMs, at: answeredAt, origin: origin() }];
  }

  /** Discards the answers so far, because the database's clock may have been set. */
  forget(): void {
    this.#samples = [];
  }

  get offsetMs(): number {
    return this.estimate?.offsetMs ?? 0;
  }

  get estimate(): (ClockEstimate & { readonly at: number }) | null {
    return this.#valid().reduce<Sample | null>(
      (best, sample) => (best === null || sample.errorMs <= best.errorMs ? sample : best),
      null,
    );
  }

  #valid(): Sample[] {
    const now = origin();
    return this.#samples.filter((sample) => Math.abs(sample.origin - now) < JUMP_MS);
  }
}
