/** The newest operations on the database, newest first. Pure. */
import type { OrderEvent } from "@/lib/protocol";

export interface Single {
  readonly kind: "single";
  readonly key: string;
  readonly event: OrderEvent;
}
/** Many operations of one sort in a row: a COPY, an UPDATE of thousands of rows. */
export interface Burst {
  readonly kind: "burst";
  readonly key: string;
  readonly operation: OrderEvent["operation"];
  readonly actor: string | null;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly changed_at: string;
}
/** Here the log could not follow: what happened in between is not shown. */
export interface Break {
  readonly kind: "break";
  readonly key: string;
  readonly reason: string;
}
export type Entry = Single | Burst | Break;

export interface ActivityLog {
  readonly entries: readonly Entry[];
  /** Events up to here are in. */
  readonly position: number;
}

export const EMPTY_LOG: ActivityLog = { entries: [], position: 0 };

const MOST_ENTRIES = 200;
const BURST_FROM = 8;
const BURST_PAUSE_MS = 1000;

/** Put events, oldest first, on top. Those already in are left out. */
export function logEvents(log: ActivityLog, events: readonly OrderEvent[]): ActivityLog {
  const fresh = events.filter((event) => event.position > log.position);
  const last = fresh.at(-1);
  if (!last) return log;
  let newestFirst: Entry[] = [...log.entries];
  for (const run of runsOf(fresh)) newestFirst = addRun(newestFirst, run);
  return { entries: newestFirst.slice(0, MOST_ENTRIES), position: last.position };
}

export function logBreak(log: ActivityLog, reason: string, position: number): ActivityLog {
  const entry: Break = { kind: "break", key: `break-${position}`, reason };
  const others = log.entries.filter(({ key }) => key !== entry.key);
  return { entries: [entry, ...others].slice(0, MOST_ENTRIES), position };
}

/** Neighbours that did the same, by the same hand. */
function runsOf(events: readonly OrderEvent[]): OrderEvent[][] {
  const runs: OrderEvent[][] = [];
  for (const event of events) {
    const run = runs.at(-1);
    if (run?.[0] && alike(run[0], event)) run.push(event);
    else runs.push([event]);
  }
  return runs;
}

const alike = (a: OrderEvent, b: OrderEvent): boolean =>
  a.operation === b.operation && (a.actor ?? null) === (b.actor ?? null);

function addRun(entries: Entry[], run: OrderEvent[]): Entry[] {
  const [first] = run;
  const last = run.at(-1);
  if (!first || !last) return entries;
  const newest = entries[0];
  if (newest?.kind === "burst" && continues(newest, first)) {
    return [grow(newest, last, run.length), ...entries.slice(1)];
  }
  if (run.length >= BURST_FROM) return [burstOf(first, last, run.length), ...entries];
  const singles = run.map((event): Single => {
    return { kind: "single", key: String(event.position), event };
  });
  return [...singles.reverse(), ...entries];
}

function continues(burst: Burst, event: OrderEvent): boolean {
  return (
    burst.operation === event.operation &&
    burst.actor === (event.actor ?? null) &&
    burst.last + 1 === event.position &&
    Date.parse(event.changed_at) - Date.parse(burst.changed_at) < BURST_PAUSE_MS
  );
}

function grow(burst: Burst, { position, changed_at }: OrderEvent, by: number): Burst {
  return { ...burst, last: position, changed_at, count: burst.count + by };
}

function burstOf(first: OrderEvent, last: OrderEvent, count: number): Burst {
  return {
    kind: "burst",
    key: String(first.position),
    operation: first.operation,
    actor: first.actor ?? null,
    count,
    first: first.position,
    last: last.position,
    changed_at: last.changed_at,
  };
}
