/**
 * The latest changes in the database in groups, as the server forms them. Live events are grouped by
 * the server's rule: a group contains changes of one table by one operation and actor, of the same
 * columns, less than two seconds apart, within one minute of the clock. Pure.
 */
import type { ChangeEvent, Operation } from "real-time-orders";
import type { ActivityGroup, ActivityPage } from "@/lib/protocol";

export interface Group extends Omit<ActivityGroup, "rows"> {
  /** How many different rows changed; null before the server has counted them. */
  readonly rows: number | null;
  /** The rows, if all of them are known. */
  readonly known: ReadonlySet<string> | null;
}

export interface ActivityLog {
  /** Sorted so that the group that began last is first. */
  readonly groups: readonly Group[];
  /** Position up to which the log includes all events. */
  readonly position: number;
  /** Events before this position must be requested; null if there are none. */
  readonly before: number | null;
  /** The oldest position in the database's log, and its time. */
  readonly oldest: number;
  readonly oldestAt: string | null;
}

/** An entry of the list: a group, or one event of a small group. */
export interface Entry {
  readonly key: string;
  readonly item: Group | ChangeEvent;
}

const PAUSE_MS = 2000;
const MINUTE_MS = 60_000;
const SAMPLE_EVENTS = 7;
const MOST_KNOWN_ROWS = 10_000;

export const openLog = (page: ActivityPage): ActivityLog => ({
  groups: page.groups.map(known).sort(byBegin),
  position: page.position,
  before: page.before,
  oldest: page.log_first,
  oldestAt: page.log_since,
});

/** Adds events, oldest first, and skips those that the log includes already. */
export function addEvents(log: ActivityLog, events: readonly ChangeEvent[]): ActivityLog {
  const fresh = events.filter(({ position }) => position > log.position);
  const last = fresh.at(-1);
  if (!last) return log;
  const groups = [...log.groups];
  // Sets that this call has created and may therefore change: a set of rows is copied only once per
  // call.
  const own = new Set<ReadonlySet<string>>();
  for (const event of fresh) {
    const at = groups.findIndex((group) => isSameKind(group, event));
    const group = groups[at];
    if (group && follows(group.ended_at, event.changed_at)) groups[at] = grow(group, event, own);
    else groups.unshift(begin(event, own));
  }
  return { ...log, groups, position: last.position };
}

/** Adds earlier groups. The newest of them may be the beginning of a group in the log. */
export function addOlder(log: ActivityLog, page: ActivityPage): ActivityLog {
  const groups = [...log.groups];
  for (const older of page.groups.map(known).sort(byBegin)) {
    const at = groups.findLastIndex((group) => isSameKind(group, older));
    const group = groups[at];
    if (group && follows(older.ended_at, group.began_at)) groups[at] = joined(older, group);
    else groups.push(older);
  }
  return { ...log, groups, before: page.before };
}

/**
 * Returns the entries to show, the one that began last first. Small groups are shown event by event.
 */
export const entriesOf = ({ groups }: ActivityLog): Entry[] =>
  groups
    .flatMap((group): Entry[] =>
      group.sample.length === group.events
        ? group.sample.map((event) => ({ key: String(event.position), item: event }))
        : [{ key: String(group.first), item: group }],
    )
    .sort((a, b) => Number(b.key) - Number(a.key));

export const isGroup = (item: Group | ChangeEvent): item is Group => "events" in item;

/** Whether some row counts are not known, so that the server must be asked. */
export const isUncertain = ({ groups }: ActivityLog): boolean =>
  groups.some(({ rows }) => rows === null);

const byBegin = (a: Group, b: Group): number => b.first - a.first;

function known(group: ActivityGroup): Group {
  const whole = group.sample.length === group.events;
  return { ...group, known: whole ? new Set(group.sample.map(rowOf)) : null };
}

interface Kind {
  readonly table: string;
  readonly operation: Operation;
  readonly actor: string | null;
}

function isSameKind(group: Group, other: Group | ChangeEvent): boolean {
  const { table, operation, actor }: Kind = other;
  return (
    group.table === table &&
    group.operation === operation &&
    group.actor === actor &&
    sorted(group.columns) === sorted(isGroup(other) ? other.columns : columnsOf(other))
  );
}

const columnsOf = ({ operation, changed }: ChangeEvent): string[] | null =>
  operation === "UPDATE" && changed ? Object.keys(changed) : null;

const sorted = (columns: readonly string[] | null): string | null =>
  columns && [...columns].sort().join("\n");

function follows(earlier: string, later: string): boolean {
  const [before, after] = [Date.parse(earlier), Date.parse(later)];
  return (
    after - before < PAUSE_MS && Math.floor(after / MINUTE_MS) === Math.floor(before / MINUTE_MS)
  );
}

function begin(event: ChangeEvent, own: Set<ReadonlySet<string>>): Group {
  const { table, operation, actor, position, changed_at } = event;
  const rows = new Set([rowOf(event)]);
  own.add(rows);
  return {
    table,
    operation,
    actor,
    columns: columnsOf(event),
    events: 1,
    rows: 1,
    first: position,
    last: position,
    began_at: changed_at,
    ended_at: changed_at,
    sample: [event],
    known: rows,
  };
}

function grow(group: Group, event: ChangeEvent, own: Set<ReadonlySet<string>>): Group {
  const events = group.events + 1;
  const whole = group.sample.length === group.events && events <= SAMPLE_EVENTS;
  const rows = withRow(group, event, own);
  return {
    ...group,
    events,
    rows: isRepeatable(group) ? (rows?.size ?? null) : events,
    last: event.position,
    ended_at: event.changed_at > group.ended_at ? event.changed_at : group.ended_at,
    sample: whole ? [event, ...group.sample] : [event],
    known: rows,
  };
}

function withRow(
  group: Group,
  event: ChangeEvent,
  own: Set<ReadonlySet<string>>,
): ReadonlySet<string> | null {
  const { known: rows } = group;
  if (rows === null || rows.size >= MOST_KNOWN_ROWS || !isRepeatable(group)) return null;
  const row = rowOf(event);
  if (rows.has(row)) return rows;
  const grown = own.has(rows) ? (rows as Set<string>) : new Set(rows);
  own.add(grown.add(row));
  return grown;
}

/** Whether several changes of a group may be of the same row. */
const isRepeatable = ({ operation }: Kind): boolean =>
  operation === "UPDATE" || operation === "LEAVE";

const rowOf = ({ key, order_id }: ChangeEvent): string =>
  key ? Object.values(key).join("\n") : String(order_id);

function joined(older: Group, newer: Group): Group {
  const events = older.events + newer.events;
  return {
    ...newer,
    events,
    rows: isRepeatable(newer) ? null : events,
    first: older.first,
    began_at: older.began_at,
    sample: newer.sample.slice(0, 1),
    known: null,
  };
}
