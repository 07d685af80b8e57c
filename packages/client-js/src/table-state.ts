/** What a table is asked for, what it shows, and what it needs of its connection. */
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
  /** Only the row of this key. */
  readonly key?: KeyLike;
  /** Which rows: by column, the values that match, or a range. */
  readonly filter?: Filter;
  /** Words that rows must contain. Searched rows are not filtered by the server's stream. */
  readonly search?: string;
  /**
   * Only rows past the first (`warn`) or the second threshold (`late`) of their status. Rows become
   * late without an event: they come with the next page, every fifteen seconds.
   */
  readonly attention?: Attention;
  /** `column`, or `-column` for descending order, or several with commas; default: by key, newest first. */
  readonly sort?: string;
  /** Child tables whose rows each row gets as a list, by the name of the table. */
  readonly include?: readonly string[];
  /** The most rows to hold; default: all. */
  readonly limit?: number;
  /** Hold at most so many rows, wherever in the list `show` leads; `limit` are the first. */
  readonly window?: number;
}

export interface TableState {
  /**
   * `loading`: no rows yet. `live`. `catching up`: some changes may be missing, until the first
   * connection is made or rows are loaded again. `stale`: the connection is lost. `refused`: the API
   * does not give these rows.
   */
  readonly phase: "loading" | "live" | "catching up" | "stale" | "refused";
  /** While stale: since when (epoch, ms). */
  readonly staleSince: number | null;
  /** Why events were missed, while rows are loaded again. */
  readonly reset: string | null;
  /** Why the last request failed; null after one that succeeded. */
  readonly problem: Error | null;
  /** Whether there may be more rows than `limit`. */
  readonly hasMore: boolean;
  readonly isLoadingMore: boolean;
  /** How many rows of the list come before those that are held. */
  readonly start: number;
  /** Counts the pages that were loaded: rows at the ends may have come or gone with one. */
  readonly pages: number;
}

/** What a table shows at one moment; another object after each change. */
export interface TableSnapshot<R extends object = Row> {
  readonly rows: readonly R[];
  readonly state: TableState;
}

/** What a table needs of its connection. */
export interface Host {
  readonly api: Api;
  readonly schema: SchemaFeed;
  /** The state of the connection. */
  connected(): Pick<LiveState, "phase" | "lost" | "heardAt">;
  /** The database's time (epoch, ms). */
  readonly now: () => number;
  /** Someone is interested in the table, or no longer. */
  attach(table: AnyTable): void;
  detach(table: AnyTable): void;
  /** Rows of this place are shown; false: events after it are missing, so load again. */
  follow(table: AnyTable, place: Place): boolean;
  /** The rows could not be loaded. */
  failed(table: AnyTable): void;
}

/** Before a table is followed. */
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

/** A page of a list; null where the answer is none. */
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
