/**
 * Reads the server's messages and checks them before use. `MESSAGES` is the only TypeScript form of
 * their shapes; a test compares it with the JSON Schema from the server's models.
 *
 * Unknown members and message types are ignored, so that a newer server does not break an older client.
 * A burst may have ten thousand events, so reading an event takes only a few comparisons.
 */
import { parseJson } from "./json.ts";
import { type Id, isId, isRow, type Row } from "./row.ts";

const OPERATIONS = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The table whose rows are at `/api/orders`, and whose events contain the row as `order`. */
export const ORDERS = "orders";

/** One change of a row of a watched table. */
export interface ChangeEvent<R extends Row = Row> {
  readonly position: number;
  readonly table: string;
  readonly operation: Operation;
  /** The id of the order, or of the order to which the row belongs. */
  readonly order_id: Id | null;
  /** The key of the row; null for an order. */
  readonly key: Row | null;
  /** The new row; null after DELETE, TRUNCATE and LEAVE. */
  readonly row: R | null;
  /** The old values of the columns that an UPDATE changed; for a DELETE the whole old row. */
  readonly changed: Row | null;
  readonly actor: string | null;
  readonly changed_at: string;
}

export interface Hello {
  readonly type: "hello";
  readonly gateway: string;
  readonly stream: string;
  readonly position: number;
  /** Empty if the gateway does not know the version yet. */
  readonly schema?: string;
  readonly heartbeat_seconds: number;
}
export interface EventsMessage {
  readonly type: "events";
  readonly first: number;
  readonly last: number;
  /** Whether there is only the newest state of each row, not every change. */
  readonly conflated: boolean;
  readonly events: readonly ChangeEvent[];
  /** How many events could not be read. What they changed is unknown. */
  readonly unreadable: number;
}
export type ServerMessage =
  | Hello
  | EventsMessage
  | { readonly type: "authenticated"; readonly rows?: Row | null }
  | { readonly type: "expiring"; readonly seconds: number }
  | { readonly type: "heartbeat"; readonly position: number }
  | { readonly type: "pong"; readonly position?: number }
  | { readonly type: "subscribed"; readonly position: number }
  | { readonly type: "reset"; readonly reason: string; readonly position: number }
  | { readonly type: "schema"; readonly version: string }
  | { readonly type: "error"; readonly code: string; readonly message: string }
  /** A message type of a newer server. */
  | { readonly type: "unknown" };

/** Whether a value is valid for a member of a message. */
type Member = (value: unknown) => boolean;

const isText = (value: unknown): value is string => typeof value === "string";
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isPosition: Member = (value) => isWhole(value) && value >= 0;
const isPositive: Member = (value) => typeof value === "number" && value > 0;
const orNothing =
  (accepts: Member): Member =>
  (value) =>
    value == null || accepts(value);

/** The members that are read, by type of message. */
export const MESSAGES = {
  hello: {
    gateway: isText,
    stream: isText,
    position: isPosition,
    schema: orNothing(isText),
    heartbeat_seconds: isPositive,
  },
  authenticated: { rows: orNothing(isRow) },
  expiring: { seconds: isPositive },
  events: {
    first: isPosition,
    last: isPosition,
    conflated: orNothing((value) => typeof value === "boolean"),
    events: Array.isArray,
  },
  heartbeat: { position: isPosition },
  pong: { position: orNothing(isPosition) },
  subscribed: { position: isPosition },
  reset: { reason: isText, position: isPosition },
  schema: { version: isText },
  error: { code: isText, message: isText },
} satisfies Record<string, Record<string, Member>>;

/** Reads a message. Returns null if it is not valid; it may then have contained anything. */
export function readMessage(data: unknown): ServerMessage | null {
  const message = parsed(data);
  if (!isRow(message) || !isText(message.type)) return null;
  if (!Object.hasOwn(MESSAGES, message.type)) return { type: "unknown" };
  const members = Object.entries<Member>(MESSAGES[message.type as keyof typeof MESSAGES]);
  if (!members.every(([name, accepts]) => accepts(message[name]))) return null;
  return message.type === "events"
    ? readEvents(message as unknown as RawEvents)
    : (message as unknown as ServerMessage);
}

function parsed(data: unknown): unknown {
  try {
    return isText(data) ? parseJson(data) : undefined;
  } catch {
    return undefined;
  }
}

interface RawEvents {
  readonly first: number;
  readonly last: number;
  readonly conflated?: boolean | null;
  readonly events: readonly unknown[];
}

function readEvents({ first, last, conflated, events }: RawEvents): EventsMessage | null {
  let unreadable = 0;
  let before = first - 1;
  const readable: ChangeEvent[] = [];
  for (const each of events) {
    const event = readEvent(each);
    if (!event) unreadable += 1;
    else if (event.position <= before || event.position > last) return null;
    else {
      readable.push(event);
      before = event.position;
    }
  }
  return {
    type: "events",
    first,
    last,
    conflated: conflated ?? false,
    events: readable,
    unreadable,
  };
}

const isOperation = (value: unknown): value is Operation => OPERATIONS.includes(value as Operation);

/** Reads an event; null if the value is not an event. */
export function readEvent(value: unknown): ChangeEvent | null {
  if (!isRow(value)) return null;
  const { position, table = ORDERS, operation, order_id = null, key = null } = value;
  const { changed = null, actor = null, changed_at } = value;
  const row = value.order ?? value.row ?? null;
  const hasRow = operation === "INSERT" || operation === "UPDATE";
  const isEvent =
    isWhole(position) &&
    isText(table) &&
    isOperation(operation) &&
    (order_id === null || isId(order_id)) &&
    (key === null || isRow(key)) &&
    (row === null ? !hasRow : isRow(row) && (table !== ORDERS || isId(order_id))) &&
    (changed === null || isRow(changed)) &&
    (actor === null || isText(actor)) &&
    isText(changed_at);
  if (!isEvent) return null;
  return {
    position,
    table,
    operation,
    order_id,
    key,
    row,
    changed,
    actor,
    changed_at,
  } as ChangeEvent;
}

/** Returns the row before and after an event. Unknown values before are null. */
export function rowsOf({ operation, row, changed }: ChangeEvent): {
  before: Row | null;
  after: Row | null;
} {
  const before = operation === "UPDATE" ? { ...row, ...changed } : changed;
  return { before: operation === "INSERT" ? null : before, after: row };
}
