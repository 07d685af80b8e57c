/**
 * The server's messages and answers, parsed before use. These schemas are the only TypeScript form of the
 * messages; a test compares them with the JSON Schema that the server's models produce.
 *
 * Unknown keys and message types are ignored, so that a newer server does not break an open page.
 * zod reads the envelopes; the ten thousand events of a burst are read by a few comparisons, because
 * reading them with a schema library took most of the burst's time.
 */
import * as z from "zod/mini";
import { parseJson } from "./json";
import { type Id, isId, isRow, type Order, type Row, withId } from "./row";
import { TableSchema } from "./schema";

// Compiled schemas need eval, which a strict Content-Security-Policy refuses.
z.config({ jitless: true });

const OPERATIONS = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The table whose rows the dashboard shows. */
export const ORDERS = "orders";

/** One change of one row of a watched table. */
export interface ChangeEvent {
  readonly position: number;
  readonly table: string;
  readonly operation: Operation;
  /** The order, or the order that the row belongs to. */
  readonly order_id: Id | null;
  /** The key of a row of another table. */
  readonly key: Row | null;
  /** The new row; null after DELETE, TRUNCATE and LEAVE. */
  readonly row: Row | null;
  /** The old values of the columns that an UPDATE changed; of a DELETE the whole old row. */
  readonly changed: Row | null;
  readonly actor: string | null;
  readonly changed_at: string;
}

/** What an event did, as the row before (null values where unknown) and the row after. */
export function rowsOf({ operation, row, changed }: ChangeEvent): {
  before: Row | null;
  after: Row | null;
} {
  const before = operation === "UPDATE" ? { ...row, ...changed } : changed;
  return { before: operation === "INSERT" ? null : before, after: row };
}

/** `key` is the column that identifies an order. */
export function readOrder(value: unknown, key = "id"): Order | null {
  if (!isRow(value)) return null;
  const id = value[key];
  return isId(id) ? withId(value, id) : null;
}

const isText = (value: unknown): value is string => typeof value === "string";
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isOperation = (value: unknown): value is Operation => OPERATIONS.includes(value as Operation);

/** Null where the value is not an event. */
export function readEvent(value: unknown): ChangeEvent | null {
  if (!isRow(value)) return null;
  const { position, table = ORDERS, operation, order_id = null, key = null } = value;
  const { changed = null, actor = null, changed_at } = value;
  const row = value.order ?? value.row ?? null;
  const isOrder = table === ORDERS;
  const hasRow = operation === "INSERT" || operation === "UPDATE";
  const isEvent =
    isWhole(position) &&
    isText(table) &&
    isOperation(operation) &&
    (order_id === null || isId(order_id)) &&
    (key === null || isRow(key)) &&
    (row === null ? !hasRow : isRow(row) && (!isOrder || isId(order_id))) &&
    (changed === null || isRow(changed)) &&
    (actor === null || isText(actor)) &&
    isText(changed_at);
  if (!isEvent) return null;
  const named = (whole: unknown) =>
    isOrder && isRow(whole) && isId(order_id) ? withId(whole, order_id) : whole;
  return {
    position,
    table,
    operation,
    order_id,
    key,
    row: named(row),
    changed: operation === "DELETE" ? named(changed) : changed,
    actor,
    changed_at,
  } as ChangeEvent;
}

/** A list without the items that cannot be read: one odd row must not hide all others. */
const listOf = <T>(reader: (value: unknown) => T | null) =>
  z.pipe(
    z.array(z.unknown()),
    z.transform((items): T[] => {
      const found = items.map(reader).filter((item) => item !== null);
      if (found.length < items.length) console.warn("Rows that could not be read are left out.");
      return found;
    }),
  );

const Position = z.int().check(z.nonnegative());
const Page = { stream: z.string(), position: Position };
const Count = z.int().check(z.nonnegative());
const Counts = z.array(Count);

/** The answer about one order, which the request named; or a new one, which its key names. */
export const oneOrder = (id?: Id, key?: string) =>
  z.pipe(
    z.custom<Row>((value) => isRow(value) && (id !== undefined || readOrder(value, key) !== null)),
    z.transform((row) => withId(row, id ?? (row[key ?? "id"] as Id))),
  );
export const ordersPage = (key: string) =>
  z.object({
    ...Page,
    orders: listOf((value) => readOrder(value, key)),
    next_cursor: z.nullable(z.string()),
  });
export const EventsPage = z.object({ ...Page, events: listOf(readEvent) });
const ActivityGroup = z.object({
  table: z.string(),
  operation: z.enum(OPERATIONS),
  actor: z.nullable(z.string()),
  /** The columns that an UPDATE changed, if the server knows them. */
  columns: z.nullable(z.array(z.string())),
  events: Count,
  rows: Count,
  first: Position,
  last: Position,
  began_at: z.string(),
  ended_at: z.string(),
  /** Newest first: all events of a small group, else the newest. */
  sample: listOf(readEvent),
});
export const ActivityPage = z.object({
  ...Page,
  groups: z.array(ActivityGroup),
  before: z.nullable(Position),
});
export const CountsPage = z.object({
  ...Page,
  time: z.string(),
  /** By status; an order without one counts under "". */
  counts: z.record(z.string(), Count),
});
export const PulsePage = z.object({
  ...Page,
  time: z.string(),
  changes_since: z.string(),
  changes: Counts,
  recent_since: z.string(),
  recent: Counts,
  orders_since: z.string(),
  orders: Counts,
});
export const SchemaDocument = z.object({ version: z.string(), tables: z.array(TableSchema) });
export const Ticket = z.object({ ticket: z.string() });

const principal = {
  subject: z.string(),
  role: z.enum(["viewer", "clerk", "admin"]),
  rows: z.nullish(z.record(z.string(), z.array(z.unknown()))),
  expires: z.nullable(z.string()),
};
export const Me = z.object({ mode: z.enum(["open", "token"]), ...principal });

const Hello = z.object({
  type: z.literal("hello"),
  gateway: z.string(),
  stream: z.string(),
  position: Position,
  schema: z.optional(z.string()),
  heartbeat_seconds: z.number().check(z.positive()),
});
const Events = z.object({
  type: z.literal("events"),
  first: Position,
  last: Position,
  conflated: z.optional(z.nullable(z.boolean())),
  events: z.array(z.unknown()),
});
const Reset = z.object({ type: z.literal("reset"), reason: z.string(), position: Position });

/** By their names in the server's JSON Schema. */
export const MESSAGES = {
  Hello,
  Events,
  Reset,
  Authenticated: z.object({ type: z.literal("authenticated"), ...principal }),
  Expiring: z.object({ type: z.literal("expiring"), seconds: z.number() }),
  Heartbeat: z.object({ type: z.literal("heartbeat"), position: Position }),
  Subscribed: z.object({ type: z.literal("subscribed"), position: Position }),
  Pong: z.object({ type: z.literal("pong"), position: z.optional(Position) }),
  SchemaChanged: z.object({ type: z.literal("schema"), version: z.string() }),
  Error: z.object({ type: z.literal("error"), code: z.string(), message: z.string() }),
};
const Message = z.discriminatedUnion("type", [
  Hello,
  Events,
  Reset,
  MESSAGES.Authenticated,
  MESSAGES.Expiring,
  MESSAGES.Heartbeat,
  MESSAGES.Subscribed,
  MESSAGES.Pong,
  MESSAGES.SchemaChanged,
  MESSAGES.Error,
]);

export type OrdersPage = z.infer<ReturnType<typeof ordersPage>>;
export type EventsPage = z.infer<typeof EventsPage>;
export type ActivityGroup = z.infer<typeof ActivityGroup>;
export type ActivityPage = z.infer<typeof ActivityPage>;
export type CountsPage = z.infer<typeof CountsPage>;
export type PulsePage = z.infer<typeof PulsePage>;
export type Me = z.infer<typeof Me>;
export type Hello = z.infer<typeof Hello>;

export interface EventsMessage {
  readonly type: "events";
  readonly first: number;
  readonly last: number;
  /** True for a client that fell behind: only the newest state of each row, not every change. */
  readonly conflated: boolean;
  readonly events: ChangeEvent[];
  /** Events in the frame that could not be read; what they changed is unknown. */
  readonly unreadable: number;
}
export type ServerMessage = Exclude<z.infer<typeof Message>, { type: "events" }> | EventsMessage;

/** Read one text frame; null, with a warning, where the page does not know the message. */
export function parseServerMessage(data: unknown): ServerMessage | null {
  const message = Message.safeParse(parsed(data));
  if (!message.success) {
    console.warn("Ignored an unknown message on /ws:", message.error.issues);
    return null;
  }
  return message.data.type === "events" ? readEvents(message.data) : message.data;
}

function parsed(data: unknown): unknown {
  try {
    return typeof data === "string" ? parseJson(data) : undefined;
  } catch {
    return undefined;
  }
}

function readEvents({ first, last, conflated, events }: z.infer<typeof Events>): EventsMessage {
  const readable = events.map(readEvent).filter((event) => event !== null);
  const unreadable = events.length - readable.length;
  if (unreadable > 0) console.warn(`${unreadable} events could not be read.`);
  return {
    type: "events",
    first,
    last,
    conflated: conflated ?? false,
    events: readable,
    unreadable,
  };
}
