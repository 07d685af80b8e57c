/**
 * Figures that start with an answer of the API and are updated from the stream. The answer names the
 * position up to which it is exact. Events that arrive before the answer are kept and then applied, so
 * that each event counts exactly once.
 */
import { backoffMs, type ChangeEvent, Observable } from "real-time-orders";

export interface FollowedOptions<Page extends { position: number }, Value> {
  readonly fetch: (signal: AbortSignal) => Promise<Page>;
  readonly open: (page: Page) => Value;
  readonly apply: (value: Value, events: readonly ChangeEvent[]) => Value;
  readonly reloadsApartMs?: number;
}

const RELOADS_APART_MS = 1000;

export class Followed<Page extends { position: number }, Value> {
  readonly state = new Observable<Value | null>(null);

  readonly #options: FollowedOptions<Page, Value>;
  #position = 0;
  #request: AbortController | null = null;
  #missed: ChangeEvent[] = [];
  #failures = 0;
  #loadedAt = -Infinity;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(options: FollowedOptions<Page, Value>) {
    this.#options = options;
  }

  /** Applies events. Conflated events leave out intermediate changes, so they cause a new request. */
  receive(events: readonly ChangeEvent[], conflated = false): void {
    if (this.#request) this.#missed = this.#missed.concat(events);
    const value = this.state.get();
    if (value === null) return;
    if (conflated) this.reload();
    else this.#carryOn(value, events);
  }

  /** Requests the figures again, in general at most once per second. */
  reload(): void {
    clearTimeout(this.#retry);
    const apart = this.#options.reloadsApartMs ?? RELOADS_APART_MS;
    const pause = Math.max(0, this.#loadedAt + apart - Date.now());
    this.#retry = setTimeout(() => void this.#load(), pause);
  }

  /** Discards the figures and requests new ones, for example after a change of the filter. */
  restart(): void {
    this.stop();
    this.state.set(null);
    void this.#load();
  }

  stop(): void {
    clearTimeout(this.#retry);
    this.#request?.abort();
    this.#request = null;
    this.#missed = [];
  }

  async #load(): Promise<void> {
    this.stop();
    const request = new AbortController();
    this.#request = request;
    this.#loadedAt = Date.now();
    try {
      const page = await this.#options.fetch(request.signal);
      if (this.#request !== request) return;
      this.#failures = 0;
      const missed = this.#missed;
      this.stop();
      this.#position = page.position;
      this.#carryOn(this.#options.open(page), missed);
    } catch {
      if (this.#request !== request) return;
      this.stop();
      this.#retry = setTimeout(() => this.reload(), backoffMs(this.#failures));
      this.#failures += 1;
    }
  }

  #carryOn(value: Value, events: readonly ChangeEvent[]): void {
    const fresh = events.filter(({ position }) => position > this.#position);
    this.#position = fresh.at(-1)?.position ?? this.#position;
    this.state.set(fresh.length > 0 ? this.#options.apply(value, fresh) : value);
  }
}
