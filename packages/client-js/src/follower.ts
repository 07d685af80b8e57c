/**
 * Decides what each message of the server means: the algorithm of docs/client.md without sockets and
 * clocks. Pure. `connection` opens connections, passes messages to `take` and carries out the actions.
 */
import type { ChangeEvent, EventsMessage, Hello, ServerMessage } from "./messages.ts";
import type { Tables } from "./filters.ts";
import { toJson } from "./json.ts";

/**
 * A place in a stream: all events up to the position are known. The stream "" stands for any stream.
 */
export interface Place {
  readonly stream: string;
  readonly position: number;
}

export type Action =
  /** Events after the present place. */
  | { readonly do: "deliver"; readonly events: readonly ChangeEvent[]; readonly conflated: boolean }
  /** Events are missing, so rows must be fetched again. */
  | { readonly do: "reset"; readonly reason: string }
  /** The version of the schema; `changed`: it differs from the version before. */
  | { readonly do: "schema"; readonly version: string; readonly changed: boolean }
  /** The connection works, so the next delay is the shortest again. */
  | { readonly do: "proven" }
  | { readonly do: "renew token" }
  /** Close this connection and open another one later. */
  | { readonly do: "fail" };

const FAIL: readonly Action[] = [{ do: "fail" }];
const PROVEN: Action = { do: "proven" };

/**
 * `greeting`: before hello. `resetting`: hello named another stream, so a reset must follow.
 * `subscribing`: the server has not applied the new filters yet.
 */
type State = "greeting" | "resetting" | "subscribing" | "live";

export class Follower {
  /** The present place; null: begin with the newest event. */
  place: Place | null;
  state: State = "greeting";
  /** The filters of the next connection; null: all events. */
  tables: Tables | null;
  /** The filters of this connection. */
  #asked: Tables | null = null;
  /** The stream in hello. The place keeps its own stream until a reset. */
  #stream = "";
  #schema = "";
  /** The reason of a reset that takes effect with the next `subscribed` or `hello`. */
  #pending: string | null = null;
  /** Whether the token permits only some rows. Then positions may advance without events. */
  #isPartial = false;
  /**
   * Position of a frame with events that could not be read. If they cannot be read again, they are
   * skipped.
   */
  #unreadableAt = -1;

  constructor(place: Place | null = null, tables: Tables | null = null) {
    this.place = place;
    this.tables = tables;
  }

  /**
   * Whether the client gets only some events. Then a position may advance although no event came; that
   * is not a gap.
   */
  get isPartial(): boolean {
    return this.#asked !== null || this.#isPartial;
  }

  /** Prepares a new connection. Returns the query parameters of its address. */
  connect(): Record<string, string> {
    this.state = "greeting";
    this.#isPartial = false;
    this.#asked = this.tables;
    return {
      ...(this.place && { after: String(this.place.position) }),
      ...(this.place?.stream && { stream: this.place.stream }),
      ...(this.#asked && { subscribe: toJson({ tables: this.#asked }) }),
    };
  }

  /** Returns the message that sets the new filters on this connection; null if it has them already. */
  resubscribe(): object | null {
    if (this.state !== "live" || this.tables === this.#asked) return null;
    this.#asked = this.tables;
    this.state = "subscribing";
    const after = this.place && { after: this.place.position };
    return { type: "subscribe", ...(this.tables && { tables: this.tables }), ...after };
  }

  /**
   * Returns what to do after a message. null stands for a message that could not be read, which may
   * have contained anything.
   */
  take(message: ServerMessage | null): readonly Action[] {
    switch (message?.type) {
      case "hello":
        return this.#begin(message);
      case "authenticated":
        this.#isPartial = message.rows != null;
        return [];
      case "events":
        return this.#deliver(message);
      case "heartbeat":
      case "pong":
        return this.#checkHead(message.position);
      case "reset":
        return this.#reset(message.reason, message.position);
      case "subscribed":
        return this.#subscribed(message.position);
      case "schema":
        return this.#learn(message.version);
      case "expiring":
        return [{ do: "renew token" }];
      case "error": // while subscribing: the server refused the filters
        return this.state === "subscribing" ? FAIL : [];
      case "unknown":
        return [];
      case undefined:
        return FAIL;
    }
  }

  #begin(hello: Hello): readonly Action[] {
    this.#stream = hello.stream;
    this.state = "live";
    if (this.#asked !== null) this.state = "subscribing";
    else if (this.place === null) return [...this.#beginAt(hello.position), ...this.#news(hello)];
    if (this.place?.stream === "") this.place = { ...this.place, stream: hello.stream };
    if (this.place !== null && this.place.stream !== hello.stream) this.state = "resetting";
    return this.#news(hello);
  }

  #news({ schema }: Hello): readonly Action[] {
    return schema ? this.#learn(schema) : [];
  }

  #beginAt(position: number): readonly Action[] {
    const reason = this.#pending;
    this.#pending = null;
    this.place = { stream: this.#stream, position };
    this.state = "live";
    return reason === null ? [] : [{ do: "reset", reason }];
  }

  #deliver(frame: EventsMessage): readonly Action[] {
    if (this.state === "resetting" || this.state === "greeting") return FAIL;
    if (this.state === "subscribing" || this.place === null) return [];
    const { stream, position: known } = this.place;
    if (frame.first > known + 1) return FAIL;
    if (frame.last <= known) return [];
    const held = frame.events.length + frame.unreadable;
    const isWhole = frame.conflated || this.isPartial || held === frame.last - frame.first + 1;
    if (!isWhole) return FAIL;
    if (frame.unreadable > 0 && this.#unreadableAt !== frame.first) {
      this.#unreadableAt = frame.first;
      return FAIL;
    }
    this.place = { stream, position: frame.last };
    const events =
      known < frame.first ? frame.events : frame.events.filter(({ position }) => position > known);
    const deliver: Action = { do: "deliver", events, conflated: frame.conflated };
    if (frame.unreadable === 0) return [PROVEN, deliver];
    return [PROVEN, deliver, { do: "reset", reason: "unreadable" }];
  }

  #checkHead(position: number | undefined): readonly Action[] {
    if (this.state !== "live" || this.place === null || position === undefined) return [];
    if (position > this.place.position) {
      if (!this.isPartial) return FAIL;
      this.place = { ...this.place, position };
    }
    return [PROVEN];
  }

  #reset(reason: string, position: number): readonly Action[] {
    if (this.state === "resetting") {
      if (this.#asked === null) {
        this.#pending = reason;
        return this.#beginAt(position);
      }
      this.#pending = reason;
      this.state = "subscribing";
      return [];
    }
    if (reason === "unknown_stream" || this.state === "subscribing") {
      // The new stream's name is known only after the next hello.
      this.place = null;
      this.#pending = reason;
      return FAIL;
    }
    if (this.place === null) return FAIL;
    this.place = { ...this.place, position };
    return [{ do: "reset", reason }];
  }

  #subscribed(position: number): readonly Action[] {
    if (this.state !== "subscribing") return [];
    if (this.#pending !== null || this.place === null) return this.#beginAt(position);
    if (position > this.place.position) return FAIL;
    this.state = "live";
    return [];
  }

  #learn(version: string): readonly Action[] {
    const before = this.#schema;
    this.#schema = version;
    return [{ do: "schema", version, changed: before !== "" && before !== version }];
  }
}
