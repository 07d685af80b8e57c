/** An asynchronous iterator over every change, once and in order. */
import { Connection } from "./connection.ts";
import type { Tables } from "./filters.ts";
import type { Place } from "./follower.ts";
import type { Api } from "./http.ts";
import type { ChangeEvent } from "./messages.ts";
import type { WebSocketClass } from "./transport.ts";
import { watchWaking } from "./waking.ts";

export interface StreamEvent extends ChangeEvent {
  /** The stream of `position`. Store both, together with the result of your work. */
  readonly stream: string;
}

/** Stores a place beyond the end of the program: in a file, or in the database beside your results. */
export interface PlaceStore {
  load(): Place | null | Promise<Place | null>;
  /** Called when the loop takes the next event, with the place of the event before. */
  save(place: Place): void | Promise<void>;
}

export interface EventsOptions {
  /** Start after this position; default: now. */
  readonly after?: number | undefined;
  /** The stream of `after`. Without it, a replaced database is not detected. */
  readonly stream?: string | undefined;
  /** Start after the stored place, if there is one, and save each new place. */
  readonly store?: PlaceStore | undefined;
  /** Deliver events of these tables only, and of matching rows only. */
  readonly tables?: Tables | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Thrown when events are missing: they are no longer stored, or belong to another database. */
export class EventsLostError extends Error {
  override readonly name = "EventsLostError";
  readonly reason: string;
  /** Take a snapshot and continue after this place. */
  readonly place: Place | null;

  constructor(reason: string, place: Place | null) {
    super(
      `Events were lost (${reason}): take a snapshot and go on after position ${place?.position}.`,
    );
    this.reason = reason;
    this.place = place;
  }
}

/** With more waiting events than this, the connection is closed until the loop has taken them. */
const MOST_WAITING = 10_000;

export class EventReader implements AsyncIterableIterator<StreamEvent> {
  readonly #options: EventsOptions;
  readonly #connection: Connection;
  readonly #stopWatching: () => void;
  #isStarted = false;
  #events: StreamEvent[] = [];
  #taken: Place | null = null;
  #lost: EventsLostError | null = null;
  #isPaused = false;
  #isDone = false;
  #arrived: (() => void) | null = null;

  constructor(
    api: Api,
    options: EventsOptions,
    transport: { WebSocket?: WebSocketClass | undefined },
  ) {
    this.#options = options;
    this.#connection = new Connection({
      api,
      onEvents: (events) => this.#receive(events),
      onReset: (reason) => this.#lose(reason),
      ...("WebSocket" in transport && { WebSocket: transport.WebSocket }),
    });
    this.#connection.subscribe(options.tables ?? null);
    this.#stopWatching = watchWaking(() => this.#connection.wake());
    options.signal?.addEventListener("abort", () => void this.return());
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<StreamEvent, undefined>> {
    if (!this.#isStarted) await this.#start();
    if (this.#taken) await this.#options.store?.save(this.#taken);
    this.#taken = null;
    for (;;) {
      if (this.#isDone) return { done: true, value: undefined };
      const event = this.#events.shift();
      if (event) {
        this.#taken = { stream: event.stream, position: event.position };
        return { done: false, value: event };
      }
      if (this.#lost) {
        await this.return();
        throw this.#lost;
      }
      if (this.#isPaused) this.#resume();
      await new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
    }
  }

  return(): Promise<IteratorResult<StreamEvent, undefined>> {
    this.#isDone = true;
    this.#stopWatching();
    this.#connection.stop();
    this.#arrived?.();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #start(): Promise<void> {
    this.#isStarted = true;
    const { store, after, stream = "" } = this.#options;
    const stored = await store?.load();
    this.#connection.start(stored ?? (after === undefined ? null : { stream, position: after }));
  }

  #receive(events: readonly ChangeEvent[]): void {
    const { stream } = this.#connection.state.get();
    for (const event of events) this.#events.push({ ...event, stream: stream ?? "" });
    if (this.#events.length > MOST_WAITING) {
      this.#isPaused = true;
      this.#connection.stop();
    }
    this.#arrived?.();
  }

  #resume(): void {
    this.#isPaused = false;
    const { stream, position } = this.#connection.state.get();
    this.#connection.start({ stream: stream ?? "", position: position ?? 0 });
  }

  #lose(reason: string): void {
    const { stream, position } = this.#connection.state.get();
    this.#lost = new EventsLostError(
      reason,
      position === null ? null : { stream: stream ?? "", position },
    );
    this.#connection.stop();
    this.#arrived?.();
  }
}
