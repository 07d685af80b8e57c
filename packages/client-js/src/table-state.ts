/** The options of a table, its state, and what it needs from its connection. */
import type { Attention } from "./attention.ts";
import type { LiveState } from "./connection.ts";
import type { Filter } from "./filters.ts";
import type { Place } from "./follower.ts";
import type { Api } from "./http.ts";
import type { AnyTable } from "./live-table.ts";
import { ORDERS } from "./messages.ts";
import { isRow, type Row } from "./row.ts";
import type { Page } from "./row-set.ts";
import type { SchemaFeed } from "./schema-feed.ts";
import type { KeyLike } from "./table-writes.ts";

export interface TableOptions {
  /** Only the row with this key. */
  readonly key?: KeyLike;
  /** Which rows: for each column the matching values, or a range. */
  readonly filter?: Filter;
  /** Words that must occur in a row. The server's stream does not filter by them. */
  readonly search?: string;
  /**
   * Only rows past the first (`warn`) or the second threshold (`late`) of their status. Rows become
   * late without an event, so the table is loaded again every fifteen seconds.
   */
  readonly attention?: Attention;
  /**
   * `column`, `-column` for descending order, or several separated by commas; default: by key, newest
   * first.
   */
  readonly sort?: string;
  /** Child tables by name. Each row gets a list of its rows in each of them. */
  readonly include?: readonly string[];
  /** The most rows to hold; default: all. */
  readonly limit?: number;
  /** The most rows to hold wherever `show` leads; `limit` is then the number of rows at first. */
  readonly window?: number;
}

export interface TableState {
  /**
   * `loading`: no rows yet. `live`: up to date. `catching up`: changes may be missing until the first
   * connection, or until rows are loaded again. `stale`: the connection is lost. `refused`: the API
   * refuses these rows.
   */
  readonly phase: "loading" | "live" | "catching up" | "stale" | "refused";
  /** While stale, since when (epoch, ms). */
  readonly staleSince: number | null;
  /** Why events were missed; null unless rows are being loaded again for that reason. */
  readonly reset: string | null;
  /** Why the last request failed; null if it succeeded. */
  readonly problem: Error | null;
  /** Whether there may be more rows than `limit`. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  /** How many rows of the list come before the held ones. */
  readonly start: number;
  /**
   * How many pages have been loaded so far. With each page, rows may have been added or dropped at both
   * ends.
   */
  readonly pages: number;
}

/** The state of a table at one moment; a new object after each change. */
export interface TableSnapshot<R extends object = Row> {
  readonly rows: readonly R[];
  readonly state: TableState;
}

/** What a table needs from its connection. */
export interface Host {
  readonly api: Api;
  readonly schema: SchemaFeed;
  /** Returns the state of the connection. */
  connected(): Pick<LiveState, "phase" | "lost" | "heardAt">;
  /** The database's time (epoch, ms). */
  readonly now: () => number;
  /** Called when the table gets its first subscriber, or loses its last. */
  attach(table: AnyTable): void;
  detach(table: AnyTable): void;
  /**
   * Called when rows of this place are shown. Returns false if events after it are missing; the rows
   * must then be loaded again.
   */
  follow(table: AnyTable, place: Place): boolean;
  /** Called when the rows could not be loaded. */
  failed(table: AnyTable): void;
}

/** The state before a table is followed. */
export const NOTHING: TableSnapshot = {
  rows: [],
  state: {
    phase: "loading",
    staleSince: null,
    reset: null,
    problem: null,
    hasMore: false,
    isLoadingMore: false,
    start: 0,
    pages: 0,
  },
};

/** Reads a page of a list; null if the value is not one. */
export function readPage(body: unknown): Page | null {
  if (!isRow(body)) return null;
  const { stream, position, next_cursor } = body;
  const rows = body[ORDERS] ?? body.rows;
  const isPage =
    typeof stream === "string" &&
    typeof position === "number" &&
    (next_cursor === null || typeof next_cursor === "string") &&
    Array.isArray(rows);
  if (!isPage) return null;
  return { stream, position, rows: rows.filter(isRow), next_cursor };
}
