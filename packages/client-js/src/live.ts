/** One connection to the system, and the tables that it keeps right. */
import { Connection, type LiveState } from "./connection.ts";
import { EventReader, type EventsOptions, type StreamEvent } from "./event-reader.ts";
import type { Filter, Tables } from "./filters.ts";
import type { Place } from "./follower.ts";
import { FrameBatch } from "./frame-batch.ts";
import { Api, type ApiOptions } from "./http.ts";
import { toJson } from "./json.ts";
import { type AnyTable, type Host, LiveTable, type TableOptions } from "./live-table.ts";
import type { ChangeEvent } from "./messages.ts";
import type { Observable } from "./observable.ts";
import type { Row } from "./row.ts";
import { SchemaFeed } from "./schema-feed.ts";
import type { WebSocketClass } from "./transport.ts";
import { watchWaking } from "./waking.ts";

export interface ConnectOptions extends ApiOptions {
  /** Default: the runtime's own. Undefined: always use server-sent events. */
  readonly WebSocket?: WebSocketClass | undefined;
}

/** Gets every event; `complete` is false where some may be missing, or are conflated. */
export type EventsListener = (events: readonly ChangeEvent[], complete: boolean) => void;

/** Rows by the name of their table, such as `orders types` generates. */
type RowTypes = object;
type Name<T extends RowTypes> = Extract<keyof T, string>;
type RowOf<T extends RowTypes, N extends Name<T>> = T[N] extends object ? T[N] : Row;

interface Received {
  readonly event: ChangeEvent;
  readonly conflated: boolean;
}

/** A table without subscribers is kept for this long: a page often shows it again at once. */
const KEPT_MS = 5_000;
/** The server's limit on the tables of a subscription. */
const MOST_TABLES = 50;
/** The server refuses an address of more than 8,000 characters. */
const LONGEST_FILTERS = 4_000;

/** Connect when something is followed: a table, or all events. */
export const connect = <T extends RowTypes = Record<string, Row>>(
  options: ConnectOptions = {},
): Live<T> => new Live<T>(options);

export class Live<T extends RowTypes = Record<string, Row>> {
  readonly api: Api;
  readonly schema: SchemaFeed;

  readonly #options: ConnectOptions;
  readonly #connection: Connection;
  readonly #batch = new FrameBatch<Received>((received) => this.#deliver(received));
  /** A page that renders on a server makes tables that it never follows. */
  readonly #known = new Map<string, WeakRef<AnyTable>>();
  /** The tables that are followed; `#leaving` have no subscriber any more. */
  readonly #tables = new Set<AnyTable>();
  readonly #leaving = new Map<AnyTable, ReturnType<typeof setTimeout>>();
  readonly #listeners = new Set<EventsListener>();
  readonly #host: Host;
  #asked = "null";
  #stopWatching: (() => void) | null = null;

  constructor(options: ConnectOptions = {}) {
    this.#options = options;
    this.api = new Api(options);
    this.schema = new SchemaFeed(this.api);
    this.#connection = new Connection({
      api: this.api,
      onEvents: (events, conflated) =>
        this.#batch.push(events.map((event) => ({ event, conflated }))),
      onReset: (reason) => this.#startOver(reason),
      onSchema: (version) => this.schema.announce(version),
      conflates: () => this.#listeners.size === 0,
      ...("WebSocket" in options && { WebSocket: options.WebSocket }),
    });
    this.#host = {
      api: this.api,
      schema: this.schema,
      connected: this.connection.get,
      attach: (table) => this.#attach(table),
      detach: (table) => this.#detach(table),
      follow: (table, place) => this.#follow(table, place),
      failed: () => this.#begin(),
    };
    this.connection.subscribe(() => {
      for (const table of this.#tables) table.connectionChanged();
    });
    let version: string | undefined;
    this.schema.state.subscribe(() => {
      const before = version;
      version = this.schema.state.get()?.version;
      // Rows may have gained, lost or renamed columns without an event.
      if (before !== undefined) for (const table of this.#tables) table.reload("schema");
    });
  }

  /** The state of the connection. */
  get connection(): Observable<LiveState> {
    return this.#connection.state;
  }

  /** Events that have arrived and come with one of the next frames. */
  get waiting(): number {
    return this.#batch.waiting;
  }

  /** A table under a filter: the same object for the same arguments. */
  table<N extends Name<T>>(name: N, options: TableOptions = {}): LiveTable<RowOf<T, N>> {
    const id = toJson([name, options]);
    const known = this.#known.get(id)?.deref() as LiveTable<RowOf<T, N>> | undefined;
    const table = known ?? new LiveTable<RowOf<T, N>>(this.#host, name, options);
    if (!known) this.#known.set(id, new WeakRef(table));
    return table;
  }

  /**
   * Every change after a position, once and in order. The loop may end and begin again, also after a
   * restart of the program, with the place of the last event or with a `store` of yours.
   */
  events(options: EventsOptions = {}): AsyncIterableIterator<StreamEvent> {
    return new EventReader(this.api, options, this.#options);
  }

  /** Get every event of every table, in batches of one frame. The connection must not be filtered. */
  readonly listen = (listener: EventsListener): (() => void) => {
    this.#listeners.add(listener);
    this.#subscribe();
    return () => {
      this.#listeners.delete(listener);
      this.#subscribe();
    };
  };

  /** Find out at once whether the connection still works. */
  wake(): void {
    this.#connection.wake();
  }

  /** End the connection, and every table. */
  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    for (const table of this.#tables) table.stop();
    this.#leaving.clear();
    this.#tables.clear();
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
      if (this.#tables.size === 0) this.#stop();
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

  /** A table shows a snapshot; returns whether every event after it arrives. */
  #follow(table: AnyTable, place: Place): boolean {
    const { phase, stream } = this.connection.get();
    if (phase === "idle") {
      this.#begin(place.stream);
      return true;
    }
    if (stream !== null && stream !== place.stream) {
      // Another database. Where the snapshot is of the old one, the next connection is told.
      this.#startAt(place);
      this.#reloadAll("unknown_stream", table);
      return true;
    }
    return place.position >= table.since;
  }

  /** Connect when each table was loaded, or failed to. */
  #begin(stream?: string): void {
    if (this.connection.get().phase !== "idle") return;
    const loaded = [...this.#tables].filter((table) => table.isLoaded);
    const waits = [...this.#tables].some(
      (table) => !table.isLoaded && table.state.problem === null,
    );
    const [first] = loaded.sort((a, b) => a.position - b.position);
    this.#streamOfTables = stream ?? this.#streamOfTables;
    if (waits || !first || this.#streamOfTables === null) return;
    this.#startAt({ stream: this.#streamOfTables, position: first.position });
  }

  #streamOfTables: string | null = null;

  #startAt(place: Place): void {
    this.#batch.clear();
    for (const table of this.#tables) table.since = place.position;
    this.#subscribe();
    this.#connection.start(place);
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

  /** One filter for each table: where several are wanted, every row comes. */
  #wanted(): Tables | null {
    const wanted: Record<string, Filter> = {};
    for (const { name, filter, isRefused } of this.#tables) {
      if (isRefused) continue;
      wanted[name] = name in wanted && toJson(wanted[name]) !== toJson(filter) ? {} : filter;
    }
    const count = Object.keys(wanted).length;
    return count === 0 || count > MOST_TABLES ? null : wanted;
  }

  // --- events ----------------------------------------------------------------------------------

  #deliver(received: readonly Received[]): void {
    const events = received.map(({ event }) => event);
    const conflated = received.some((item) => item.conflated);
    for (const table of this.#tables) table.receive(events, conflated);
    for (const listener of this.#listeners) listener(events, !conflated);
  }

  #startOver(reason: string): void {
    this.#batch.clear(); // the snapshots will show their effects
    const { position } = this.connection.get();
    for (const table of this.#tables) table.since = position ?? 0;
    this.#reloadAll(reason, null);
    for (const listener of this.#listeners) listener([], false);
  }

  #reloadAll(reason: string, except: AnyTable | null): void {
    for (const table of this.#tables) if (table !== except) table.reload(reason);
  }
}
