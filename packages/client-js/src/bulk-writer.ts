/**
 * Changes or deletes many rows of a table, several in each request. Each row succeeds or fails on its
 * own. A row that has changed since the user saw it is not written.
 */
import { backoffMs } from "./backoff.ts";
import { type Api, RefusedError, refusal, UnreachableError, withJson } from "./http.ts";
import { toJson } from "./json.ts";
import { type Id, isId, isRow, keyOf, type Row, versionOf } from "./row.ts";
import { conflictOf, type RowWriter } from "./row-writer.ts";

/** A row to write. `change` is null for a delete; then it must be null for all rows. */
export interface Wanted {
  /** The row as it was shown: at least the columns of its key. */
  readonly seen: Row;
  readonly change: Row | null;
}

/**
 * The result for one row. `version` is the new version, 0 if the table has none; `error` says why the
 * row was not written.
 */
export interface Outcome<W extends Wanted> {
  readonly wanted: W;
  readonly version: Id;
  readonly error: Error | null;
}

export interface ManyOptions {
  readonly signal?: AbortSignal | undefined;
  /** The page is being closed: send everything at once and do not try again. */
  readonly leaving?: boolean;
}

/** Rows per request: few enough for frequent progress and small requests. */
const AT_ONCE = 100;
const FEW_AT_ONCE = 6;
/** The API's limit. */
const AT_MOST = 1000;
const MOST_TRIES = 6;

const isPassing = (status: unknown): boolean => status === 429 || status === 503;

/**
 * Yields the results for some rows after each request. After an abort it ends with the present request.
 */
export async function* writeMany<W extends Wanted>(
  api: Api,
  writer: RowWriter,
  key: readonly string[],
  rows: readonly W[],
  { signal, leaving = false }: ManyOptions = {},
): AsyncGenerator<readonly Outcome<W>[]> {
  // The API compares versions. Rows without a version are compared here, so each needs its own
  // requests.
  const isBlind = rows.some(({ seen }) => versionOf(seen) === 0 && isMore(seen, key));
  const size = isBlind ? FEW_AT_ONCE : leaving ? AT_MOST : AT_ONCE;
  for (let at = 0; at < rows.length && !signal?.aborted; at += size) {
    const part = rows.slice(at, at + size);
    const known = part.map(({ seen }) => writer.latest(keyOf(seen, key), seen));
    let answers: readonly (Row | Error)[];
    try {
      answers = isBlind
        ? await Promise.all(part.map((wanted) => one(writer, key, wanted, leaving)))
        : await send(api, writer.path, request(part, known, key, leaving), signal);
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      answers = part.map(() => error);
      if (error instanceof UnreachableError) at = rows.length; // the others would time out too
    }
    yield part.map((wanted, number): Outcome<W> => {
      const [answer = {}, seen = wanted.seen] = [answers[number], known[number]];
      if (answer instanceof Error)
        return { wanted, version: 0, error: conflictOf(answer, seen, wanted.change) as Error };
      const { version } = answer;
      if (wanted.change && isId(version) && !isBlind)
        writer.remember(keyOf(seen, key), seen, { ...seen, ...wanted.change, version });
      return { wanted, version: isId(version) ? version : 0, error: null };
    });
  }
}

const isMore = (seen: Row, key: readonly string[]): boolean =>
  Object.keys(seen).some((column) => !key.includes(column));

async function one(
  writer: RowWriter,
  key: readonly string[],
  { seen, change }: Wanted,
  leaving: boolean,
): Promise<Row | Error> {
  try {
    const name = keyOf(seen, key);
    if (change) return await writer.change(name, seen, change);
    await writer.delete(name, seen, leaving);
    return {};
  } catch (error) {
    return error as Error;
  }
}

function request(
  rows: readonly Wanted[],
  known: readonly Row[],
  key: readonly string[],
  leaving: boolean,
): RequestInit {
  const [common = null] = rows.map(({ change }) => change);
  const isOne = rows.every(({ change }) => change === common || toJson(change) === toJson(common));
  const named = rows.map(({ change }, number) => {
    const seen = known[number] ?? {};
    const version = versionOf(seen);
    return {
      key: Object.fromEntries(key.map((column) => [column, seen[column]])),
      ...(version !== 0 && { version }),
      ...(!isOne && { set: change }),
    };
  });
  const body = toJson({ rows: named, ...(isOne && common && { set: common }) });
  const headers = { "Idempotency-Key": globalThis.crypto.randomUUID() };
  const init = withJson(common === null ? "DELETE" : "PATCH", body, headers);
  return { ...init, keepalive: leaving };
}

/**
 * Sends a request and returns the result for each row. Sends it again if the API did not answer, or was
 * too busy for some rows. The idempotency key stays the same, so that nothing is written twice.
 */
async function send(
  api: Api,
  path: string,
  init: RequestInit,
  signal: AbortSignal | undefined,
): Promise<readonly (Row | Error)[]> {
  for (let failures = 0; ; failures += 1) {
    const isLast = failures === MOST_TRIES - 1 || init.keepalive === true || signal?.aborted;
    try {
      const answers = await api.request(outcomes, path, init);
      if (isLast || !answers.some((each) => each instanceof RefusedError && isPassing(each.status)))
        return answers;
    } catch (error) {
      const passes =
        error instanceof UnreachableError ||
        (error instanceof RefusedError && isPassing(error.status));
      if (!passes || isLast) throw error;
    }
    await new Promise((done) => setTimeout(done, backoffMs(failures)));
  }
}

function outcomes(body: unknown): readonly (Row | Error)[] | null {
  const rows = isRow(body) ? body.rows : null;
  if (!Array.isArray(rows)) return null;
  return rows.filter(isRow).map((row) => {
    const { status, problem } = row;
    return problem === undefined || problem === null ? row : refusal(Number(status), problem);
  });
}
