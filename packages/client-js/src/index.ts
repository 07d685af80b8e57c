/** Live rows of PostgreSQL tables. */
export { type Attention, attentionOf, attends, sinceOf } from "./attention.ts";
export { backoffMs } from "./backoff.ts";
export { type ManyOptions, type Outcome, type Wanted, writeMany } from "./bulk-writer.ts";
export { type ClockEstimate, DatabaseClock } from "./clock.ts";
export { Connection, type ConnectionOptions, type LiveState, type Phase } from "./connection.ts";
export {
  EventsLostError,
  type EventsOptions,
  type PlaceStore,
  type StreamEvent,
} from "./event-reader.ts";
export {
  type Filter,
  filterToQuery,
  type Matcher,
  matcherOf,
  type Range,
  type Tables,
  type Value,
} from "./filters.ts";
export type { Place } from "./follower.ts";
export { FrameBatch } from "./frame-batch.ts";
export {
  Api,
  type ApiOptions,
  type RequestOptions,
  RefusedError,
  type TokenProvider,
  UnreachableError,
  withJson,
} from "./http.ts";
export { parseJson, rawNumber, toJson, toJsonLines } from "./json.ts";
export { connect, type ConnectOptions, type EventsListener, Live } from "./live.ts";
export { LiveTable } from "./live-table.ts";
export { readPage, type TableOptions, type TableSnapshot, type TableState } from "./table-state.ts";
export { type ChangeEvent, type Operation, ORDERS, readEvent, rowsOf } from "./messages.ts";
export { Observable } from "./observable.ts";
export { compareIds, type Id, isId, isRow, keyOf, type Row, versionOf } from "./row.ts";
export type { Column, Kind, Schema, Table, Waiting } from "./schema.ts";
export { folded, isSearched, wordsOf } from "./search.ts";
export { SchemaFeed } from "./schema-feed.ts";
export type { Page } from "./row-set.ts";
export { ConflictError, pathOf, RowWriter } from "./row-writer.ts";
export type { Failed, KeyLike } from "./table-writes.ts";
