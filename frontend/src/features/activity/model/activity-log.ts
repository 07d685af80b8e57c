/** The latest changes in the database, newest first. Pure. */
import type { ChangeEvent, Operation } from "@/lib/protocol";

export interface Single {
  readonly kind: "single";
  readonly key: string;
  readonly event: ChangeEvent;
}
/** Many operations of one kind: a COPY, an UPDATE of thousands of rows, a busy minute. */
export interface Burst {
  readonly kind: "burst";
  readonly key: string;
  readonly table: string;
  readonly operation: Operation;
  readonly actor: string | null;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  readonly began_at: string;
  readonly changed_at: string;
}
/** A gap in the log: the changes in between are not shown. */
export interface Break {
  readonly kind: "break";
  readonly key: string;
  readonly reason: string;
}
export type Entry = Single | Burst | Break;

export interface ActivityLog {
  readonly entries: readonly Entry[];
  /** The log has the events up to this position. */
  readonly position: number;
  /** The log has the events from this position; older ones have to be requested. */
  readonly oldest: number;
}

export const EMPTY_LOG: ActivityLog = { entries: [], position: 0, oldest: Infinity };

const MOST_ENTRIES = 200;
const BURST_FROM = 8;
const BURST_PAUSE_MS = 2000;
const LONGEST_BURST_MS = 60_000;
/** Under steady load each kind of operation has one entry that grows, among the first ones. */
const OPEN_BURSTS_WITHIN = 6;

/** Add events, given oldest first, on top; skip those that the log has already. */
export function logEvents(log: ActivityLog, events: readonly ChangeEvent[]): ActivityLog {
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

/** Add older events, given oldest first, at the end. */
export function logOlder(log: ActivityLog, events: readonly ChangeEvent[]): ActivityLog {
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

/** The log cut to the length that is kept while the user does not scroll back. */
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

/** Groups of the same operation by the same actor in quick succession, and single events. */
function groupsOf(events: readonly ChangeEvent[]): ChangeEvent[][] {
  const open = new Map<string, ChangeEvent[]>();
  const runs: ChangeEvent[][] = [];
  for (const event of events) {
    const key = `${event.table} ${event.operation} ${event.actor ?? ""}`;
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

const lastOf = (group: readonly ChangeEvent[]): number => group.at(-1)?.position ?? 0;

function addGroup(entries: readonly Entry[], group: readonly ChangeEvent[]): readonly Entry[] {
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

function continues(burst: Burst, event: ChangeEvent): boolean {
  const { table, operation, actor, changed_at } = event;
  return (
    burst.table === table &&
    burst.operation === operation &&
    burst.actor === actor &&
    isSoonAfter(changed_at, burst.began_at, burst.changed_at)
  );
}

function grow(burst: Burst, { position, changed_at }: ChangeEvent, by: number): Burst {
  return { ...burst, last: position, changed_at, count: burst.count + by };
}

function burstOf(first: ChangeEvent, last: ChangeEvent, count: number): Burst {
  return {
    kind: "burst",
    key: String(first.position),
    table: first.table,
    operation: first.operation,
    actor: first.actor,
    count,
    first: first.position,
    last: last.position,
    began_at: first.changed_at,
    changed_at: last.changed_at,
  };
}
