/**
 * The database's clock as seen from here. Two computers never agree on the time; a latency taken
 * from both would be off by their difference, which may be minutes.
 *
 * An answer that carries the database's time was written between its request and its arrival. Half
 * way is the best guess, and wrong by half the round trip at most: so the fastest answer counts.
 */
export interface ClockEstimate {
  /** Database minus here. */
  readonly offsetMs: number;
  /** It is wrong by that much at most. */
  readonly errorMs: number;
}

interface Sample extends ClockEstimate {
  readonly at: number;
}

const KEPT_MS = 10 * 60_000; // clocks drift

export class DatabaseClock {
  #samples: Sample[] = [];

  sample(askedAt: number, answeredAt: number, databaseTime: string): void {
    const errorMs = (answeredAt - askedAt) / 2;
    const offsetMs = Date.parse(databaseTime) - (askedAt + errorMs);
    if (!Number.isFinite(offsetMs)) return;
    const recent = this.#samples.filter(({ at }) => answeredAt - at < KEPT_MS);
    this.#samples = [...recent.slice(-19), { offsetMs, errorMs, at: answeredAt }];
  }

  get estimate(): ClockEstimate | null {
    return this.#samples.reduce<Sample | null>(
      (best, sample) => (best === null || sample.errorMs <= best.errorMs ? sample : best),
      null,
    );
  }
}
