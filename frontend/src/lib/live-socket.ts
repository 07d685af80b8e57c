/**
 * A WebSocket that stays: it comes back by itself, goes on where it was, and notices when
 * something is missing. It knows positions and nothing of orders; no framework either.
 *
 *     idle -> connecting -> live -> waiting -> connecting -> ...
 *
 * The promise to the listener: events come in order, each once, none left out, or else `onReset`
 * says that what is known must be fetched anew.
 */
import { backoffMs } from "./backoff";
import { Observable } from "./observable";
import {
  type EventsMessage,
  type Hello,
  type OrderEvent,
  parseServerMessage,
  type ServerMessage,
} from "./protocol";

export type Phase = "idle" | "connecting" | "live" | "waiting";

export interface LiveState {
  readonly phase: Phase;
  readonly gateway: string | null;
  readonly stream: string | null;
  /** Nothing up to it is missing. */
  readonly position: number | null;
  /** Our token shows us some customers' orders only: positions move without events, too. */
  readonly partial: boolean;
  /** When the next attempt starts (epoch, ms), while waiting. */
  readonly retryAt: number | null;
  /** When we last heard how things stand (epoch, ms): from a snapshot, then from the gateway. */
  readonly heardAt: number | null;
  /** Connections and attempts in a row that ended at the gateway; an attempt is over with hello. */
  readonly lost: number;
}

/** A place in a stream: everything up to the position is known. */
export interface Place {
  readonly stream: string;
  readonly position: number;
}

/** The part of the browser's WebSocket that is used. */
export type Socket = Pick<
  WebSocket,
  "close" | "send" | "readyState" | "onmessage" | "onclose" | "onerror"
>;

export interface LiveSocketOptions {
  readonly url: string;
  /** Conflated: only the newest state of each order, not every change. */
  readonly onEvents: (events: OrderEvent[], conflated: boolean) => void;
  readonly onReset: (reason: string) => void;
  /** The gateway no longer accepts who we are: trying again would not help. */
  readonly onUnauthorized?: () => void;
  /** The subprotocols by which a connection shows who we are; asked for before each. */
  readonly admission?: () => Promise<string[]>;
  readonly open?: (url: string, protocols?: string[]) => Socket;
  readonly random?: () => number;
}

const HELLO_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;
const MISSED_HEARTBEATS = 2.5;
/** How often the allowed silence may double: to five minutes, at the usual heartbeat. */
const MOST_PATIENCE = 3;
const OPEN = 1;
const UNAUTHORIZED = 4001;

export class LiveSocket {
  readonly state = new Observable<LiveState>({
    phase: "idle",
    gateway: null,
    stream: null,
    position: null,
    partial: false,
    retryAt: null,
    heardAt: null,
    lost: 0,
  });

  readonly #options: LiveSocketOptions;
  #socket: Socket | null = null;
  #failures = 0;
  /**
   * Connections in a row that fell silent. A browser does not show the bytes of a message that is
   * still coming: who gives up on a large one over a slow line must wait longer the next time.
   */
  #silences = 0;
  #attempt = 0;
  #heartbeatMs = HELLO_WITHIN_MS;
  /** The stream that this connection speaks of; ours until a reset says otherwise. */
  #spoken: string | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveSocketOptions) {
    this.#options = options;
  }

  /** Connect, and deliver what comes after the place. */
  start(place: Place): void {
    this.#hangUp();
    this.#change({ stream: place.stream, position: place.position, heardAt: Date.now() });
    this.#connect();
  }

  stop(): void {
    this.#hangUp();
    clearTimeout(this.#retry);
    this.#change({ phase: "idle", retryAt: null });
  }

  /**
   * The network is back, or someone looks at the page again: do not wait for timers, which stood
   * still while the machine slept.
   */
  wake(): void {
    const { phase, heardAt } = this.state.get();
    if (phase === "waiting") this.#connect();
    if (phase !== "live") return;
    if (Date.now() - (heardAt ?? 0) > MISSED_HEARTBEATS * this.#heartbeatMs) {
      this.#fail();
    } else if (this.#socket?.readyState === OPEN) {
      this.#socket.send('{"type":"ping"}');
      this.#expectWordWithin(ANSWER_WITHIN_MS);
    }
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#change({ phase: "connecting", retryAt: null });
    this.#expectWordWithin(HELLO_WITHIN_MS);
    const { admission } = this.#options;
    if (admission) void this.#openWith(admission);
    else this.#open();
  }

  async #openWith(admission: () => Promise<string[]>): Promise<void> {
    const attempt = (this.#attempt += 1);
    try {
      const protocols = await admission();
      if (attempt === this.#attempt) this.#open(protocols);
    } catch {
      if (attempt === this.#attempt) this.#fail();
    }
  }

  #open(protocols?: string[]): void {
    const { stream, position } = this.state.get();
    const place = new URLSearchParams({ after: String(position), stream: String(stream) });
    const open = this.#options.open ?? ((url, offered) => new WebSocket(url, offered));
    const socket = open(`${this.#options.url}?${place.toString()}`, protocols);
    socket.onmessage = (message) => this.#receive(parseServerMessage(message.data));
    socket.onclose = (event) => this.#closed(event.code);
    socket.onerror = null; // "close" follows and says all there is to say
    this.#socket = socket;
  }

  #closed(code: number): void {
    if (code === UNAUTHORIZED) this.#options.onUnauthorized?.();
    else this.#fail();
  }

  #receive(message: ServerMessage | null): void {
    this.#expectWordWithin(this.#patienceMs());
    this.#change({ heardAt: Date.now() });
    switch (message?.type) {
      case "hello":
        this.#greet(message);
        break;
      case "authenticated":
        this.#change({ partial: message.customers !== null });
        break;
      case "events":
        this.#follow(message);
        break;
      case "heartbeat":
        this.#compare(message.position);
        break;
      case "reset":
        this.#restart(message.reason, message.position);
        break;
      case "error":
        console.warn(`The gateway did not understand: ${message.code}, ${message.message}`);
        break;
    }
  }

  #greet(hello: Hello): void {
    this.#heartbeatMs = hello.heartbeat_seconds * 1000;
    this.#expectWordWithin(this.#patienceMs());
    // Another stream than ours: the gateway says `reset` next, and positions count from there.
    this.#spoken = hello.stream;
    this.#change({ phase: "live", gateway: hello.gateway, partial: false, lost: 0 });
  }

  #follow(frame: EventsMessage): void {
    const known = this.state.get().position ?? 0;
    if (frame.first > known + 1) {
      this.#fail();
      return;
    }
    if (frame.last <= known) return;
    this.#prove();
    this.#change({ position: frame.last });
    const fresh = known < frame.first ? frame.events : after(known, frame.events);
    this.#options.onEvents(fresh, frame.conflated);
    if (frame.unreadable > 0) this.#options.onReset("unreadable");
  }

  #compare(position: number): void {
    const { position: known, partial } = this.state.get();
    if (position > (known ?? 0)) {
      if (!partial) {
        this.#fail();
        return;
      }
      this.#change({ position });
    }
    this.#prove();
  }

  /** The connection brings what it should. */
  #prove(): void {
    this.#failures = 0;
    this.#silences = 0;
    this.#expectWordWithin(this.#patienceMs());
  }

  #restart(reason: string, position: number): void {
    this.#change({ stream: this.#spoken, position });
    this.#options.onReset(reason);
  }

  /** Leave this connection and try again later; the first attempt that works starts from zero. */
  #fail(): void {
    // Without a socket it was admission that failed: nobody has asked the gateway.
    const lost = this.state.get().lost + (this.#socket ? 1 : 0);
    this.#hangUp();
    clearTimeout(this.#retry);
    const delay = backoffMs(this.#failures, this.#options.random);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#change({ phase: "waiting", retryAt: Date.now() + delay, lost });
  }

  #hangUp(): void {
    this.#attempt += 1; // whoever still waits for admission comes too late
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #expectWordWithin(ms: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      if (this.state.get().phase === "live") this.#silences += 1;
      this.#fail();
    }, ms);
  }

  #patienceMs(): number {
    return MISSED_HEARTBEATS * this.#heartbeatMs * 2 ** Math.min(this.#silences, MOST_PATIENCE);
  }

  #change(change: Partial<LiveState>): void {
    this.state.set({ ...this.state.get(), ...change });
  }
}

const after = (position: number, events: OrderEvent[]): OrderEvent[] =>
  events.filter((event) => event.position > position);
