/** The newest operations on the database, newest first. Pure. */
import type { Operation, OrderEvent } from "@/lib/protocol";

export interface Single {
  readonly kind: "single";
  readonly key: string;
  readonly event: OrderEvent;
}
/** Many operations of one sort at a time: a COPY, an UPDATE of thousands of rows, a busy minute. */
export interface Burst {
  readonly kind: "burst";
  readonly key: string;
  readonly operation: Operation;
  readonly actor: string | null;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly began_at: string;
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
  /** Events from here on are in; what is older has to be asked for. */
  readonly oldest: number;
}

export const EMPTY_LOG: ActivityLog = { entries: [], position: 0, oldest: Infinity };

const MOST_ENTRIES = 200;
const BURST_FROM = 8;
const BURST_PAUSE_MS = 2000;
const LONGEST_BURST_MS = 60_000;
/** Under a steady load each sort of operation has one entry that grows; they stand on top. */
const OPEN_BURSTS_WITHIN = 6;

/** Put events, oldest first, on top. Those already in are left out. */
export function logEvents(log: ActivityLog, events: readonly OrderEvent[]): ActivityLog {
  const fresh = events.filter((event) => event.position > log.position);
  const [first, last] = [fresh[0], fresh.at(-1)];
  if (!first || !last) return log;
  let entries = log.entries;
  for (const group of groupsOf(fresh)) entries = addGroup(entries, group);
  return bounded({
    entries,
    position: last.position,
    oldest: Math.min(log.oldest, first.position),
  });
}

/** Put events, oldest first, below: they came before all that is known. */
export function logOlder(log: ActivityLog, events: readonly OrderEvent[]): ActivityLog {
  const older = events.filter((event) => event.position < log.oldest);
  const [first] = older;
  if (!first) return log;
  let entries: readonly Entry[] = [];
  for (const group of groupsOf(older)) entries = addGroup(entries, group);
  return { ...log, entries: [...log.entries, ...entries], oldest: first.position };
}

export function logBreak(log: ActivityLog, reason: string, position: number): ActivityLog {
  const entry: Break = { kind: "break", key: `break-${position}`, reason };
  const others = log.entries.filter(({ key }) => key !== entry.key);
  return bounded({
    entries: [entry, ...others],
    position,
    oldest: Math.min(log.oldest, position + 1),
  });
}

/** As many as are kept while nobody reads further back. */
export function bounded(log: ActivityLog): ActivityLog {
  if (log.entries.length <= MOST_ENTRIES) return log;
  const entries = log.entries.slice(0, MOST_ENTRIES);
  return { ...log, entries, oldest: oldestOf(entries) ?? log.oldest };
}

export const operationOf = (entry: Entry): Operation | null =>
  entry.kind === "break" ? null : entry.kind === "burst" ? entry.operation : entry.event.operation;

function oldestOf(entries: readonly Entry[]): number | null {
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry?.kind === "single") return entry.event.position;
    if (entry?.kind === "burst") return entry.first;
  }
  return null;
}

/** What did the same by the same hand in quick succession; and what stands alone, in its order. */
function groupsOf(events: readonly OrderEvent[]): OrderEvent[][] {
  const open = new Map<string, OrderEvent[]>();
  const runs: OrderEvent[][] = [];
  for (const event of events) {
    const key = `${event.operation} ${event.actor ?? ""}`;
    const run = open.get(key);
    const [first, last] = [run?.[0], run?.at(-1)];
    if (run && first && last && isSoonAfter(event.changed_at, first.changed_at, last.changed_at)) {
      run.push(event);
    } else {
      const another = [event];
      open.set(key, another);
      runs.push(another);
    }
  }
  const groups = runs.flatMap((run) =>
    run.length >= BURST_FROM ? [run] : run.map((event) => [event]),
  );
  return groups.sort((a, b) => lastOf(a) - lastOf(b));
}

function isSoonAfter(now: string, began: string, last: string): boolean {
  const time = Date.parse(now);
  return time - Date.parse(last) < BURST_PAUSE_MS && time - Date.parse(began) < LONGEST_BURST_MS;
}

const lastOf = (group: readonly OrderEvent[]): number => group.at(-1)?.position ?? 0;

function addGroup(entries: readonly Entry[], group: readonly OrderEvent[]): readonly Entry[] {
  const [first] = group;
  const last = group.at(-1);
  if (!first || !last) return entries;
  const open = entries
    .slice(0, OPEN_BURSTS_WITHIN)
    .findIndex((entry) => entry.kind === "burst" && continues(entry, first));
  const burst = entries[open];
  if (burst?.kind === "burst") return entries.with(open, grow(burst, last, group.length));
  if (group.length > 1) return [burstOf(first, last, group.length), ...entries];
  return [{ kind: "single", key: String(first.position), event: first }, ...entries];
}

function continues(burst: Burst, { operation, actor, changed_at }: OrderEvent): boolean {
  return (
    burst.operation === operation &&
    burst.actor === (actor ?? null) &&
    isSoonAfter(changed_at, burst.began_at, burst.changed_at)
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
    began_at: first.changed_at,
    changed_at: last.changed_at,
  };
}
