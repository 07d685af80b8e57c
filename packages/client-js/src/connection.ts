/**
 * A connection that reconnects, resumes at its position and detects gaps. It handles positions but not
 * rows; `Follower` decides what each message means.
 *
 *     idle -> connecting -> live -> waiting -> connecting -> ...
 *
 * Every event is delivered once and in order. If that is impossible, `onReset` is called; the caller
 * must then fetch a new snapshot.
 */
import { backoffMs } from "./backoff.ts";
import type { Tables } from "./filters.ts";
import { Follower, type Place } from "./follower.ts";
import type { Api } from "./http.ts";
import { toJson } from "./json.ts";
import { type ChangeEvent, readMessage, type ServerMessage } from "./messages.ts";
import { Observable } from "./observable.ts";
import {
  openEventStream,
  openWebSocket,
  type Transport,
  UNAUTHORIZED,
  type WebSocketClass,
} from "./transport.ts";

export type Phase = "idle" | "connecting" | "live" | "waiting";

export interface LiveState {
  readonly phase: Phase;
  /** How messages arrive; null before the first connection. */
  readonly transport: Transport["name"] | null;
  readonly gateway: string | null;
  readonly stream: string | null;
  /** Position up to which no event is missing. */
  readonly position: number | null;
  /**
   * Whether the client gets only some events, by its filters or its rights. Then a position may advance
   * although no event came; that is not a gap.
   */
  readonly partial: boolean;
  /** While waiting: when the next attempt starts (epoch, ms). */
  readonly retryAt: number | null;
  /** When the last snapshot or message arrived (epoch, ms). */
  readonly heardAt: number | null;
  /** How many connections and attempts have ended since the last hello. */
  readonly lost: number;
}

export interface ConnectionOptions {
  readonly api: Api;
  /** Receives events. `conflated`: only the newest state of each row, not every change. */
  readonly onEvents: (events: readonly ChangeEvent[], conflated: boolean) => void;
  readonly onReset: (reason: string) => void;
  /** Called when the schema has another version than before. */
  readonly onSchema?: (version: string, changed: boolean) => void;
  /**
   * Called after a long absence. Returns a place to continue from without the missed events, if there
   * are too many; otherwise null.
   */
  readonly skipTo?: (known: Place) => Promise<Place | null>;
  /** Whether missed events may be conflated: only the newest state of each row. */
  readonly conflates?: () => boolean;
  /** Without it, as in Node before version 22, events arrive as server-sent events. */
  readonly WebSocket?: WebSocketClass | undefined;
  readonly random?: () => number;
}

const LONG_ABSENCE_MS = 30_000;
const SKIP_WITHIN_MS = 2_000;
const HELLO_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;
const MISSED_HEARTBEATS = 2.5;
/** How often the allowed silence may double: up to five minutes at the usual heartbeat. */
const MOST_PATIENCE = 3;
/** After this many attempts without a hello, use server-sent events: a proxy may block WebSockets. */
const ATTEMPTS_BEFORE_SSE = 2;
/** While server-sent events work, try a WebSocket again after this time. */
const WEBSOCKET_AGAIN_MS = 5 * 60_000;

export class Connection {
  readonly state = new Observable<LiveState>({
    phase: "idle",
    transport: null,
    gateway: null,
    stream: null,
    position: null,
    partial: false,
    retryAt: null,
    heardAt: null,
    lost: 0,
  });

  readonly #options: ConnectionOptions;
  readonly #follower = new Follower();
  #transport: Transport | null = null;
  #failures = 0;
  /**
   * How many connections in a row fell silent. A browser does not show the bytes of a message that is
   * still arriving. If a large message took too long on a slow line, the next connection must wait
   * longer.
   */
  #silences = 0;
  /** How many WebSockets in a row ended without a hello. */
  #withoutHello = 0;
  #attempt = 0;
  /** The token that this connection sent. */
  #shown: string | null = null;
  #heartbeatMs = HELLO_WITHIN_MS;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #watchdog: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Connects and delivers the events after a place; null: only new events. */
  start(place: Place | null): void {
    this.#hangUp();
    this.#follower.place = place;
    this.#showPlace();
    this.#change({ heardAt: Date.now() });
    this.#connect();
  }

  stop(): void {
    this.#hangUp();
    clearTimeout(this.#retry);
    this.#change({ phase: "idle", retryAt: null });
  }

  /** Sets the filters of the events to receive; null: all events. */
  subscribe(tables: Tables | null): void {
    this.#follower.tables = tables;
    if (this.state.get().phase !== "live") return;
    const message = this.#follower.resubscribe();
    if (message === null || this.#transport?.send(toJson(message))) return;
    this.#hangUp();
    this.#connect();
  }

  /**
   * Checks the connection now, because the network is back or the page is visible again. Timers did not
   * run while the machine slept.
   */
  wake(): void {
    const { phase, heardAt } = this.state.get();
    if (phase === "waiting") this.#connect();
    if (phase !== "live") return;
    if (Date.now() - (heardAt ?? 0) > MISSED_HEARTBEATS * this.#heartbeatMs) this.#fail();
    else if (this.#transport?.send('{"type":"ping"}')) this.#expectMessageWithin(ANSWER_WITHIN_MS);
  }

  #connect(): void {
    clearTimeout(this.#retry);
    this.#change({ phase: "connecting", retryAt: null });
    this.#expectMessageWithin(HELLO_WITHIN_MS);
    const isStream = this.#WebSocket === undefined || this.#withoutHello >= ATTEMPTS_BEFORE_SSE;
    const { heardAt } = this.state.get();
    const isLong = heardAt !== null && Date.now() - heardAt > LONG_ABSENCE_MS;
    const wasAway = isLong && this.#options.skipTo !== undefined;
    if (!this.#options.api.hasTokens && !wasAway) {
      this.#open(isStream, null);
      return;
    }
    const attempt = (this.#attempt += 1);
    const ready = wasAway ? this.#skip(attempt) : Promise.resolve();
    ready
      .then(() => this.#options.api.token())
      .then(
        (token) => attempt === this.#attempt && this.#open(isStream, token),
        () => attempt === this.#attempt && this.#fail(),
      );
  }

  async #skip(attempt: number): Promise<void> {
    const { skipTo, onReset } = this.#options;
    const known = this.#follower.place;
    if (!known || !skipTo) return;
    // An API that fails or hangs must not keep the client from its gateway. The client then resumes as
    // usual.
    const late = new Promise<null>((resolve) => setTimeout(resolve, SKIP_WITHIN_MS, null));
    const place = await Promise.race([skipTo(known).catch(() => null), late]);
    if (!place || attempt !== this.#attempt) return;
    this.#follower.place = place;
    this.#showPlace();
    onReset("away");
  }

  get #WebSocket(): WebSocketClass | undefined {
    return "WebSocket" in this.#options ? this.#options.WebSocket : globalThis.WebSocket;
  }

  #open(isStream: boolean, token: string | null): void {
    const { api, conflates } = this.#options;
    const query = new URLSearchParams({
      ...this.#follower.connect(),
      ...(conflates?.() && this.#follower.place && { conflate: "1" }),
    });
    this.#shown = token;
    const target = `${isStream ? "/sse" : "/ws"}?${query.toString()}`;
    const handlers = {
      onOpen: () => {
        // The token is sent as the first message, because addresses are logged and browsers cannot set
        // headers.
        if (token !== null) this.#transport?.send(toJson({ type: "auth", token }));
      },
      onMessage: (data: unknown) => this.#receive(readMessage(data)),
      onBytes: () => this.#expectMessageWithin(this.#patienceMs()),
      onClose: (code: number) => this.#closed(code),
    };
    const Socket = this.#WebSocket;
    if (isStream || Socket === undefined) {
      this.#withoutHello = 0; // if the stream fails too, a WebSocket is next
      this.#transport = openEventStream(api, target, token, handlers);
    } else {
      this.#withoutHello += 1;
      this.#transport = openWebSocket(Socket, api.url + target, handlers);
    }
    this.#change({ transport: this.#transport.name });
  }

  #closed(code: number): void {
    if (code === UNAUTHORIZED) void this.#signedOut();
    else this.#fail();
  }

  /**
   * Connects with another token after one was refused. If there is none, stops until the user has
   * signed in again.
   */
  async #signedOut(): Promise<void> {
    const { api } = this.#options;
    const refused = this.#shown;
    this.#hangUp();
    const attempt = this.#attempt;
    const token = await this.#token();
    if (attempt !== this.#attempt) return;
    if (token !== null && token !== refused) {
      this.#fail();
      return;
    }
    this.stop();
    const idle = this.#attempt;
    if ((await api.unauthorized()) && idle === this.#attempt) this.#connect();
  }

  #receive(message: ServerMessage | null): void {
    this.#expectMessageWithin(this.#patienceMs());
    this.#change({ heardAt: Date.now() });
    if (message?.type === "hello") this.#begin(message.gateway, message.heartbeat_seconds);
    if (message?.type === "error") console.warn("The gateway refused a message:", message);
    for (const action of this.#follower.take(message)) {
      switch (action.do) {
        case "deliver":
          this.#showPlace();
          this.#options.onEvents(action.events, action.conflated);
          break;
        case "reset":
          this.#showPlace();
          this.#options.onReset(action.reason);
          break;
        case "schema":
          this.#options.onSchema?.(action.version, action.changed);
          break;
        case "proven":
          this.#succeeded();
          break;
        case "renew token":
          void this.#renew();
          break;
        case "fail":
          this.#fail();
          return;
        default:
          action satisfies never;
      }
    }
    this.#showPlace();
    if (this.#follower.state === "live") this.subscribe(this.#follower.tables);
  }

  #begin(gateway: string, heartbeatS: number): void {
    this.#heartbeatMs = heartbeatS * 1000;
    this.#expectMessageWithin(this.#patienceMs());
    this.#withoutHello = 0;
    this.#change({ gateway, lost: 0 });
    if (this.#transport?.name === "sse") this.#tryWebSocketLater();
  }

  async #token(): Promise<string | null> {
    try {
      return await this.#options.api.token();
    } catch {
      return null;
    }
  }

  async #renew(): Promise<void> {
    const token = await this.#token();
    // A server-sent stream cannot send a message. It ends with its token, and the next stream uses the
    // new one.
    if (token !== null) this.#transport?.send(toJson({ type: "auth", token }));
  }

  /** Checks from time to time whether a WebSocket can be opened now. The stream continues meanwhile. */
  #tryWebSocketLater(): void {
    clearTimeout(this.#again);
    const { api } = this.#options;
    const Socket = this.#WebSocket;
    if (Socket === undefined) return;
    this.#again = setTimeout(() => {
      const probe = openWebSocket(Socket, `${api.url}/ws`, {
        onOpen: () => {
          probe.close();
          this.#hangUp();
          this.#connect();
        },
        onMessage: () => undefined,
        onBytes: () => undefined,
        onClose: () => this.#tryWebSocketLater(),
      });
    }, WEBSOCKET_AGAIN_MS);
  }

  /** Called when the connection delivers: the next failure begins with the shortest delay again. */
  #succeeded(): void {
    this.#failures = 0;
    this.#silences = 0;
    this.#expectMessageWithin(this.#patienceMs());
  }

  /** Drops this connection and tries again later. */
  #fail(): void {
    // Without a transport there was no token. That is no failure of the gateway, so it does not count.
    const lost = this.state.get().lost + (this.#transport ? 1 : 0);
    this.#hangUp();
    clearTimeout(this.#retry);
    const delay = backoffMs(this.#failures, this.#options.random);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.#connect(), delay);
    this.#change({ phase: "waiting", retryAt: Date.now() + delay, lost });
  }

  #hangUp(): void {
    this.#attempt += 1; // a token that arrives later must not open a connection
    clearTimeout(this.#watchdog);
    clearTimeout(this.#again);
    this.#transport?.close();
    this.#transport = null;
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

  #showPlace(): void {
    const { place, state, isPartial: partial } = this.#follower;
    const isLive = state === "live" && this.#transport !== null;
    this.#change({
      stream: place?.stream ?? null,
      position: place?.position ?? null,
      partial,
      ...(isLive && { phase: "live" }),
    });
  }

  #change(change: Partial<LiveState>): void {
    const state = this.state.get();
    const names = Object.keys(change) as (keyof LiveState)[];
    if (names.some((name) => state[name] !== change[name])) this.state.set({ ...state, ...change });
  }
}
