/** How far the screen is behind the database, in positions and in latency. */
import { type ChangeEvent, DatabaseClock, type LiveState, Observable } from "real-time-orders";
import { LatencyMeter } from "@/lib/latency-meter";

export interface Standing {
  /** Position up to which all events are on the screen. */
  readonly shown: number;
  /** The newest known position. */
  readonly head: number;
}

/** A higher latency counts only if the clocks were compared within the last ten seconds. */
const IMPLAUSIBLE_MS = 10_000;

export class Progress {
  readonly state = new Observable<Standing>({ shown: 0, head: 0 });
  readonly clock = new DatabaseClock();

  readonly #latency = new LatencyMeter();
  readonly #socket: Observable<LiveState>;
  readonly #unsubscribe: () => void;

  constructor(socket: Observable<LiveState>) {
    this.#socket = socket;
    this.#unsubscribe = socket.subscribe(() => this.#change({}));
  }

  begin(position: number): void {
    this.state.set({ shown: position, head: position });
  }

  /** Called when an answer of the API contains this position. */
  heard(position: number): void {
    const { shown } = this.state.get();
    // For a user restricted to some rows, and before the first snapshot, the position does not show
    // that events are missing.
    if (shown > 0 && !this.#socket.get().partial) this.#change({ head: position });
  }

  received(position: number | undefined): void {
    if (position !== undefined) this.#change({ head: position });
  }

  /** Called when the stores have applied the events, which the next frame will show. */
  applied(events: readonly ChangeEvent[], measure: boolean): void {
    const last = events.at(-1);
    if (!last) return;
    this.#change({ shown: last.position });
    if (!measure || document.visibilityState !== "visible" || this.behind > 0) return;
    // Animation callbacks run before the frame is painted; a task started in one runs after it.
    requestAnimationFrame(() => setTimeout(() => this.#measure(last), 0));
  }

  get behind(): number {
    const { shown, head } = this.state.get();
    return Math.max(0, head - shown);
  }

  stop(): void {
    this.#unsubscribe();
  }

  /** The median latency of the last minute; null if nothing was measured. */
  get latencyMs(): number | null {
    return this.#latency.median(performance.now());
  }

  #measure({ changed_at }: ChangeEvent): void {
    const { estimate } = this.clock;
    if (estimate === null) return;
    const now = Date.now();
    const ms = now + estimate.offsetMs - Date.parse(changed_at);
    if (Math.abs(ms) < IMPLAUSIBLE_MS || now - estimate.at < IMPLAUSIBLE_MS) {
      this.#latency.add(Math.max(0, ms), performance.now());
    } else {
      this.clock.forget();
    }
  }

  #change(change: Partial<Standing>): void {
    const before = this.state.get();
    const { phase } = this.#socket.get();
    const head = Math.max(before.head, change.head ?? 0);
    const shown = Math.max(before.shown, change.shown ?? 0);
    if (phase !== "idle" && (head !== before.head || shown !== before.shown)) {
      this.state.set({ shown, head });
    }
  }
}
