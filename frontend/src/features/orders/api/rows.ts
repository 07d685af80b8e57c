/** Requests about one row of any watched table. */
import {
  type ChangeEvent,
  type Id,
  type ManyOptions,
  type Outcome,
  RefusedError,
  type Row,
  RowWriter,
  versionOf,
  type Wanted,
  withJson,
  writeMany,
} from "real-time-orders";
import { api, request } from "@/lib/http";
import { EventsPage } from "@/lib/protocol";
import { keyIn } from "@/lib/row";
import { list, member, row, text } from "@/lib/shape";
import { getEvents } from "./orders";

const writers = new Map<string, RowWriter>();

function writerOf(table: string): RowWriter {
  const writer = writers.get(table) ?? new RowWriter(api, table);
  writers.set(table, writer);
  return writer;
}

/** Changes a row. Throws a ConflictError if it has changed since it was `seen`. */
export const changeRow = (table: string, key: string, seen: Row, change: Row): Promise<Row> =>
  writerOf(table).change(key, seen, change);

/** Deletes a row. Throws a ConflictError if it has changed. `leaving`: the page is being closed. */
export const deleteRow = (table: string, key: string, seen: Row, leaving: boolean): Promise<void> =>
  writerOf(table).delete(key, seen, leaving);

/** Yields the results for some rows after each request; see `writeMany` of the client package. */
export const writeRows = <W extends Wanted>(
  table: string,
  key: readonly string[],
  rows: readonly W[],
  options: ManyOptions,
): AsyncIterable<readonly Outcome<W>[]> => writeMany(api, writerOf(table), key, rows, options);

/**
 * Creates a row. A second attempt with the same idempotency key returns the row that the first one
 * created.
 */
export const createRow = (table: string, rowJson: string, idempotencyKey: string): Promise<Row> =>
  request(
    row,
    writerOf(table).path,
    withJson("POST", rowJson, { "Idempotency-Key": idempotencyKey }),
  );

/** Whether a row has been deleted, or the user may no longer see it. */
export const isGone = (table: string, key: string): Promise<boolean> =>
  api.send(`${writerOf(table).path}/${key}`).then(
    () => false,
    (error: unknown) => error instanceof RefusedError && error.status === 404,
  );

export type Change = Pick<ChangeEvent, "actor" | "changed_at">;

const RECENT_EVENTS = 1000;

/**
 * Returns who made the latest change of a row, and when; null if the log does not tell. `order` is the
 * order that the row is or belongs to.
 */
export async function lastChange(
  table: string,
  key: string,
  now: Row,
  order: Id | null,
  signal: AbortSignal,
): Promise<Change | null> {
  const events = await (order === null ? getRecentEvents(signal) : getEvents(order, signal));
  const mine = events.filter(
    (event) => event.table === table && event.operation === "UPDATE" && keyIn(event) === key,
  );
  return mine.findLast(({ row }) => row && versionOf(row) === versionOf(now)) ?? null;
}

async function getRecentEvents(signal: AbortSignal): Promise<readonly ChangeEvent[]> {
  const end = Number.MAX_SAFE_INTEGER;
  const { position } = await request(EventsPage, `/api/events?after=${end}&limit=1`, { signal });
  const path = `/api/events?after=${Math.max(0, position - RECENT_EVENTS)}&limit=${RECENT_EVENTS}`;
  return (await request(EventsPage, path, { signal })).events;
}

const ValueList = member("values", list(text));

/** Returns distinct values of a text column that begin with `prefix`, the most frequent one first. */
export function listValues(
  table: string,
  column: string,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = [table, column].map(encodeURIComponent).join("/");
  const query = new URLSearchParams({ prefix, limit: "8" });
  const path = `/api/values/${names}?${query.toString()}`;
  return request(ValueList, path, { signal });
}
