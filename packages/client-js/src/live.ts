/** One connection to the system, and the tables that it keeps up to date. */
import { Connection, type LiveState } from "./connection.ts";
import type { EventsOptions, StreamEvent } from "./event-reader.ts";
import type { Filter, Tables } from "./filters.ts";
import type { Place } from "./follower.ts";
import { FrameBatch } from "./frame-batch.ts";
import { Api, type ApiOptions } from "./http.ts";
import { toJson } from "./json.ts";
import { type AnyTable, LiveTable } from "./live-table.ts";
import type { Host, TableOptions } from "./table-state.ts";
import type { ChangeEvent } from "./messages.ts";
import type { Observable } from "./observable.ts";
import type { Row } from "./row.ts";
import { SchemaFeed } from "./schema-feed.ts";
import type { WebSocketClass } from "./transport.ts";
import { watchWaking } from "./waking.ts";

export interface ConnectOptions extends ApiOptions {
  /** An API object that other code uses too, in place of the options for one. */
  readonly api?: Api;
  /** Default: the runtime's own class. Undefined: always use server-sent events. */
  readonly WebSocket?: WebSocketClass | undefined;
  /** The database's time (epoch, ms); default: this computer's. */
  readonly now?: () => number;
}

/** Receives all events. `complete` is false if some events may be missing or are conflated. */
export type EventsListener = (events: readonly ChangeEvent[], complete: boolean) => void;

/** Maps each table's name to the type of its rows. `orders types` generates such a type. */
type RowTypes = object;
type Name<T extends RowTypes> = Extract<keyof T, string>;
type RowOf<T extends RowTypes, N extends Name<T>> = T[N] extends object ? T[N] : Row;

interface Received {
  readonly event: ChangeEvent;
  readonly conflated: boolean;
}

/** How long a table without subscribers is kept, because a page often shows it again at once. */
const KEPT_MS = 5_000;
/** The server's limit on tables in one subscription. */
const MOST_TABLES = 50;
/** Up to this many missed events, a snapshot is never worth its cost. */
const FEW_EVENTS = 200;
/** Longest encoded filters: many proxies refuse an address of more than 8,000 characters. */
const LONGEST_FILTERS = 4_000;

/** Creates a connection object. It connects when a table is followed or events are listened to. */
export const connect = <T extends RowTypes = Record<string, Row>>(
  options: ConnectOptions = {},
): Live<T> => new Live<T>(options);

export class Live<T extends RowTypes = Record<string, Row>> {
  readonly api: Api;
  readonly schema: SchemaFeed;

  readonly #options: ConnectOptions;
  readonly #connection: Connection;
  readonly #batch = new FrameBatch<Received>((received) => this.#deliver(received));
  /** Weak references, because a page that renders on a server creates tables that it never follows. */
  readonly #known = new Map<string, WeakRef<AnyTable>>();
  /** The followed tables; those in `#leaving` have lost their last subscriber. */
  readonly #tables = new Set<AnyTable>();
  readonly #leaving = new Map<AnyTable, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<EventsListener>();
  readonly #host: Host;
  #asked = "null";
  /** Whether the connection was started without a place. */
  #isBlind = false;
  /** Called when events arrive, before the frame in which they are delivered. */
  readonly #heralds = new Set<(position: number) => void>();
  #stopWatching: (() => void) | null = null;

  constructor(options: ConnectOptions = {}) {
    this.#options = options;
    this.api = options.api ?? new Api(options);
    this.schema = new SchemaFeed(this.api);
    this.#connection = new Connection({
      api: this.api,
      onEvents: (events, conflated) => this.#receive(events, conflated),
      onReset: (reason) => this.#startOver(reason),
      onSchema: (version, changed) => {
        // The schema may have been loaded already, but older events came since then.
        if (changed && version === this.schema.state.get()?.version)
          this.#reloadAll("schema", null);
        this.schema.announce(version);
      },
      conflates: () => this.#listeners.size === 0,
      skipTo: (known) => this.#skipTo(known),
      ...("WebSocket" in options && { WebSocket: options.WebSocket }),
    });
    this.#host = {
      api: this.api,
      schema: this.schema,
      connected: this.connection.get,
      now: options.now ?? Date.now,
      attach: (table) => this.#attach(table),
      detach: (table) => this.#detach(table),
      follow: (table, place) => this.#follow(table, place),
      failed: () => this.#begin(),
    };
    this.connection.subscribe(() => {
      this.#findPlace();
      for (const table of this.#tables) table.connectionChanged();
    });
    let version: string | undefined;
    this.schema.state.subscribe(() => {
      const before = version;
      version = this.schema.state.get()?.version;
      // Rows may have gained or lost columns without an event.
      if (before !== undefined) for (const table of this.#tables) table.reload("schema");
    });
  }

  /** The state of the connection. */
  get connection(): Observable<LiveState> {
    return this.#connection.state;
  }

  /** How many events have arrived but are not delivered yet. */
  get waiting(): number {
    return this.#batch.waiting;
  }

  /** Returns a table with some options. The same arguments give the same object. */
  table<N extends Name<T>>(name: N, options: TableOptions = {}): LiveTable<RowOf<T, N>> {
    const id = toJson([name, options]);
    const known = this.#known.get(id)?.deref() as LiveTable<RowOf<T, N>> | undefined;
    const table = known ?? new LiveTable<RowOf<T, N>>(this.#host, name, options);
    if (!known) this.#known.set(id, new WeakRef(table));
    return table;
  }

  /**
   * Iterates over every change after a position, once and in order. The loop can end and start again,
   * also after a restart of the program: pass the place of the last event, or a `store`.
   */
  async *events(options: EventsOptions = {}): AsyncGenerator<StreamEvent, undefined> {
    const { EventReader } = await import("./event-reader.ts"); // few pages need it
    yield* new EventReader(this.api, options, this.#options);
  }

  /**
   * Receives every event of every table, in one batch per frame; an empty batch after a reset. While
   * there is a listener, the server filters no table. `onArrival` gets the newest position before the
   * frame. Returns a function that stops this.
   */
  listen(listener: EventsListener, onArrival?: (position: number) => void): () => void {
    this.#listeners.add(listener);
    if (onArrival) this.#heralds.add(onArrival);
    this.#subscribe();
    queueMicrotask(() => this.#begin()); // after tables that are followed at the same time
    return () => {
      this.#listeners.delete(listener);
      if (onArrival) this.#heralds.delete(onArrival);
      this.#subscribe();
    };
  }

  /** Checks at once whether the connection still works. */
  wake(): void {
    this.#connection.wake();
  }

  /** Ends the connection and stops all tables. */
  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    for (const table of this.#tables) table.stop();
    this.#leaving.clear();
    this.#tables.clear();
    this.#listeners.clear();
    this.#stop();
  }

  // --- tables ----------------------------------------------------------------------------------

  #attach(table: AnyTable): void {
    clearTimeout(this.#leaving.get(table));
    if (this.#leaving.delete(table)) return;
    this.#stopWatching ??= watchWaking(() => this.wake());
    this.#tables.add(table);
    table.since = this.connection.get().position ?? 0;
    this.#subscribe();
    table.reload();
  }

  #detach(table: AnyTable): void {
    const leave = () => {
      this.#leaving.delete(table);
      this.#tables.delete(table);
      this.#known.delete(toJson([table.name, table.options]));
      table.stop();
      if (this.#tables.size + this.#listeners.size === 0) this.#stop();
      else this.#subscribe();
    };
    this.#leaving.set(table, setTimeout(leave, KEPT_MS));
  }

  #stop(): void {
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.schema.stop();
    this.#connection.stop();
    this.#batch.clear();
  }

  /** Called when a table shows a snapshot. Returns whether every event after it will arrive. */
  #follow(table: AnyTable, place: Place): boolean {
    const { phase, stream } = this.connection.get();
    if (phase === "idle") {
      this.#begin(place.stream);
      return true;
    }
    if (stream !== null && stream !== place.stream) {
      // Another database. If the snapshot is of the old one, the next connection detects that.
      this.#startAt(place);
      this.#reloadAll("unknown_stream", table);
      return true;
    }
    return place.position >= table.since;
  }

  /** Connects once every table was loaded or has failed. */
  #begin(stream?: string): void {
    if (this.connection.get().phase !== "idle") return;
    const positions = [...this.#tables].flatMap(({ position }) => position ?? []);
    const waits = [...this.#tables].some((table) => table.isExpected);
    this.#streamOfTables = stream ?? this.#streamOfTables;
    if (waits) return;
    const position = Math.min(...positions);
    if (positions.length > 0) this.#startAt({ stream: this.#streamOfTables ?? "", position });
    else if (this.#listeners.size > 0 && [...this.#tables].every((table) => table.isRefused)) {
      this.#startAt(null);
    }
  }

  #streamOfTables: string | null = null;

  /** Starts the connection after a place; null: after the newest event. */
  #startAt(place: Place | null): void {
    this.#batch.clear();
    for (const table of this.#tables) table.since = place?.position ?? 0;
    this.#isBlind = place === null;
    this.#subscribe();
    this.#connection.start(place);
  }

  /**
   * A connection without a place begins at the gateway's position. Tables with older snapshots load
   * again.
   */
  #findPlace(): void {
    const { position } = this.connection.get();
    if (!this.#isBlind || position === null) return;
    this.#isBlind = false;
    for (const table of this.#tables) {
      table.since = position;
      if (table.position !== null && table.position < position) table.reload();
    }
  }

  #subscribe(): void {
    let wanted = this.#listeners.size > 0 ? null : this.#wanted();
    if (wanted && encodeURIComponent(toJson(wanted)).length > LONGEST_FILTERS) {
      wanted = Object.fromEntries(Object.keys(wanted).map((name) => [name, {}]));
    }
    const text = toJson(wanted);
    if (text === this.#asked) return;
    this.#asked = text;
    this.#connection.subscribe(wanted);
  }

  /**
   * Returns one filter for each table. If several filters of one table differ, all its rows are
   * requested.
   */
  #wanted(): Tables | null {
    const wanted: Record<string, Filter> = {};
    for (const { name, filter, options, isRefused } of this.#tables) {
      if (isRefused) continue;
      for (const child of options.include ?? []) wanted[child] = {};
      wanted[name] = name in wanted && toJson(wanted[name]) !== toJson(filter) ? {} : filter;
    }
    const count = Object.keys(wanted).length;
    return count === 0 || count > MOST_TABLES ? null : wanted;
  }

  // --- events ----------------------------------------------------------------------------------

  #receive(events: readonly ChangeEvent[], conflated: boolean): void {
    const { position } = this.connection.get();
    if (events.length > 0) for (const herald of this.#heralds) herald(position ?? 0);
    this.#batch.push(events.map((event) => ({ event, conflated })));
  }

  #deliver(received: readonly Received[]): void {
    const events = received.map(({ event }) => event);
    const conflated = received.some((item) => item.conflated);
    for (const table of this.#tables) table.receive(events, conflated);
    for (const listener of this.#listeners) listener(events, !conflated);
  }

  #startOver(reason: string): void {
    this.#batch.clear(); // the snapshots will include these events
    const { position } = this.connection.get();
    for (const table of this.#tables) table.since = position ?? 0;
    this.#reloadAll(reason, null);
    for (const listener of this.#listeners) listener([], false);
  }

  /**
   * Returns a newer place to resume from, if fetching snapshots of the shown rows costs less than all
   * missed events; otherwise null.
   */
  async #skipTo({ stream, position }: Place): Promise<Place | null> {
    const tables = [...this.#tables].filter((table) => table.position !== null);
    const shown = tables.reduce((sum, { rows }) => sum + rows.length, 0);
    const head = await tables[0]?.head();
    if (head?.stream !== stream) return null;
    return head.position - position > Math.max(shown, FEW_EVENTS) ? head : null;
  }

  #reloadAll(reason: string, except: AnyTable | null): void {
    for (const table of this.#tables) if (table !== except) table.reload(reason);
  }
}
