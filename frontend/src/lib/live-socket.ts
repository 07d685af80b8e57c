/**
 * A WebSocket that reconnects, resumes at its position and detects gaps. It knows positions but
 * nothing about orders or React.
 *
 *     idle -> connecting -> live -> waiting -> connecting -> ...
 *
 * The listener gets every event once and in order; where that is impossible, `onReset` tells it to
 * fetch a new snapshot.
 */
import { backoffMs } from "./backoff";
import { Observable } from "./observable";
import {
  type EventsMessage,
  type Hello,
  type ChangeEvent,
  parseServerMessage,
  type ServerMessage,
} from "./protocol";

export type Phase = "idle" | "connecting" | "live" | "waiting";

export interface LiveState {
  readonly phase: Phase;
  readonly gateway: string | null;
  readonly stream: string | null;
  /** No event up to this position is missing. */
  readonly position: number | null;
  /** The token shows only some rows, so positions also advance without events. */
  readonly partial: boolean;
  /** While waiting: when the next attempt starts (epoch, ms). */
  readonly retryAt: number | null;
  /** When the last snapshot or message arrived (epoch, ms). */
  readonly heardAt: number | null;
  /** Connections and attempts that ended since the last hello. */
  readonly lost: number;
}

/** A place in a stream: every event up to the position is known. */
export interface Place {
  readonly stream: string;
  readonly position: number;
}

/** The part of the browser's WebSocket that this class uses. */
export type Socket = Pick<
  WebSocket,
  "close" | "send" | "readyState" | "onmessage" | "onclose" | "onerror"
>;

export interface LiveSocketOptions {
  readonly url: string;
  /** Conflated: only the newest state of each row, not every change. */
  readonly onEvents: (events: ChangeEvent[], conflated: boolean) => void;
  readonly onReset: (reason: string) => void;
  /** The schema has another version than before. */
  readonly onSchema: (version: string) => void;
  /** The gateway no longer accepts the token: trying again would not help. */
  readonly onUnauthorized?: () => void;
  /** Returns the subprotocols that carry a ticket; called before each connection. */
  readonly admission?: () => Promise<string[]>;
  readonly open?: (url: string, protocols?: string[]) => Socket;
  readonly random?: () => number;
}

const HELLO_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;
const MISSED_HEARTBEATS = 2.5;
/** The allowed silence doubles at most this often: to five minutes at the usual heartbeat. */
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
   * Consecutive connections that fell silent. A browser hides the bytes of a message that is still
   * arriving, so after giving up on a large one over a slow line, wait longer the next time.
   */
  #silences = 0;
  #attempt = 0;
  #heartbeatMs = HELLO_WITHIN_MS;
  /** The stream named by hello; the page stays on its own stream until a reset. */
  #helloStream: string | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LiveSocketOptions) {
    this.#options = options;
  }

  /** Connect, and deliver the events after the place. */
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
   * Check the connection now: the network is back, or the page is visible again. Timers stood still
   * while the machine slept.
   */
  wake(): void {
    const { phase, heardAt } = this.state.get();
    if (phase === "waiting") this.#connect();
    if (phase !== "live") return;
    if (Date.now() - (heardAt ?? 0) > MISSED_HEARTBEATS * this.#heartbeatMs) {
      this.#fail();
    } else if (this.#socket?.readyState === OPEN) {
      this.#socket.send('{"type":"ping"}');
      this.#expectMessageWithin(ANSWER_WITHIN_MS);
    }
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#change({ phase: "connecting", retryAt: null });
    this.#expectMessageWithin(HELLO_WITHIN_MS);
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
    socket.onerror = null; // "close" follows and carries the code
    this.#socket = socket;
  }

  #closed(code: number): void {
    if (code === UNAUTHORIZED) this.#options.onUnauthorized?.();
    else this.#fail();
  }

  #receive(message: ServerMessage | null): void {
    this.#expectMessageWithin(this.#patienceMs());
    this.#change({ heardAt: Date.now() });
    switch (message?.type) {
      case "hello":
        this.#begin(message);
        break;
      case "authenticated":
        this.#change({ partial: message.rows != null });
        break;
      case "events":
        this.#deliver(message);
        break;
      case "heartbeat":
        this.#checkHead(message.position);
        break;
      case "reset":
        this.#reset(message.reason, message.position);
        break;
      case "schema":
        this.#options.onSchema(message.version);
        break;
      case "error":
        console.warn(`The gateway refused a message: ${message.code}, ${message.message}`);
        break;
      case "expiring": // the connection ends with the token, and so does the page's session
      case "subscribed":
      case "pong":
      case undefined:
        break;
      default:
        message satisfies never;
    }
  }

  #begin(hello: Hello): void {
    this.#heartbeatMs = hello.heartbeat_seconds * 1000;
    this.#expectMessageWithin(this.#patienceMs());
    // If the stream is another one, the gateway sends `reset` next, and positions count from there.
    this.#helloStream = hello.stream;
    this.#change({ phase: "live", gateway: hello.gateway, partial: false, lost: 0 });
    if (hello.schema !== undefined) this.#options.onSchema(hello.schema);
  }

  #deliver(frame: EventsMessage): void {
    const known = this.state.get().position ?? 0;
    if (frame.first > known + 1) {
      this.#fail();
      return;
    }
    if (frame.last <= known) return;
    this.#succeeded();
    this.#change({ position: frame.last });
    const fresh = known < frame.first ? frame.events : after(known, frame.events);
    this.#options.onEvents(fresh, frame.conflated);
    if (frame.unreadable > 0) this.#options.onReset("unreadable");
  }

  #checkHead(position: number): void {
    const { position: known, partial } = this.state.get();
    if (position > (known ?? 0)) {
      if (!partial) {
        this.#fail();
        return;
      }
      this.#change({ position });
    }
    this.#succeeded();
  }

  /** The connection delivers: the next failure starts with the shortest delay again. */
  #succeeded(): void {
    this.#failures = 0;
    this.#silences = 0;
    this.#expectMessageWithin(this.#patienceMs());
  }

  #reset(reason: string, position: number): void {
    this.#change({ stream: this.#helloStream, position });
    this.#options.onReset(reason);
  }

  /** Drop this connection and try again later. */
  #fail(): void {
    // Without a socket the request for a ticket failed: that says nothing about the gateway.
    const lost = this.state.get().lost + (this.#socket ? 1 : 0);
    this.#hangUp();
    clearTimeout(this.#retry);
    const delay = backoffMs(this.#failures, this.#options.random);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#change({ phase: "waiting", retryAt: Date.now() + delay, lost });
  }

  #hangUp(): void {
    this.#attempt += 1; // a ticket that arrives later must not open a connection
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #expectMessageWithin(ms: number): void {
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

const after = (position: number, events: ChangeEvent[]): ChangeEvent[] =>
  events.filter((event) => event.position > position);
