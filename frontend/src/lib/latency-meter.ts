interface Sample {
  readonly at: number;
  readonly ms: number;
}

const WINDOW_MS = 60_000;
const MOST_SAMPLES = 600;
const APART_MS = WINDOW_MS / MOST_SAMPLES;

/** Measures the time from a change in the database to the screen: the median of the last minute. */
export class LatencyMeter {
  #samples: Sample[] = [];

  add(ms: number, now: number): void {
    // Take samples at intervals, so that a burst does not push out earlier samples.
    if (now - (this.#samples.at(-1)?.at ?? -Infinity) < APART_MS) return;
    this.#samples.push({ ms, at: now });
    if (this.#samples.length > MOST_SAMPLES) this.#samples.shift();
  }

  median(now: number): number | null {
    this.#samples = this.#samples.filter(({ at }) => now - at < WINDOW_MS);
    const sorted = this.#samples.map(({ ms }) => ms).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }
}
