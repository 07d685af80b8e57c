/**
 * What the server says, parsed: the browser's side of packages/contract, whose types are in
 * `contract.ts`.
 *
 * Everything that comes in is parsed here before use. Keys nobody knows yet are dropped and message
 * types nobody knows yet are ignored, so that a newer server does not break an open page.
 *
 * Envelopes are read by zod. Orders and events come by the ten thousand, and reading those with a
 * schema library took most of a burst's time: for them a few comparisons are written out.
 */
import * as z from "zod/mini";
import type * as contract from "./contract";
import { OPERATIONS, ROLES, STATUSES } from "./contract";

// Compiling schemas needs eval, which a strict Content-Security-Policy rightly refuses.
z.config({ jitless: true });

export { STATUSES };
export type Order = contract.Order;
export type OrderEvent = contract.Event;
export type Operation = contract.Event["operation"];
export type Status = contract.Order["status"];
export const Status = z.enum(STATUSES);

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isStatus = (value: unknown): value is Status => STATUSES.includes(value as Status);
const isOperation = (value: unknown): value is Operation => OPERATIONS.includes(value as Operation);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The order, with the keys that are known; null for what is none. */
export function readOrder(value: unknown): Order | null {
  if (!isObject(value)) return null;
  const { id, customer_name, product_name, quantity, status, version, created_at, updated_at } =
    value;
  const isOrder =
    isWhole(id) &&
    isText(customer_name) &&
    isText(product_name) &&
    isWhole(quantity) &&
    isStatus(status) &&
    isWhole(version) &&
    isText(created_at) &&
    isText(updated_at);
  if (!isOrder) return null;
  return { id, customer_name, product_name, quantity, status, version, created_at, updated_at };
}

/** The event, with the keys that are known; null for what is none. */
export function readEvent(value: unknown): OrderEvent | null {
  if (!isObject(value)) return null;
  const { position, operation, order_id, changed, changed_at } = value;
  const actor = value.actor ?? null;
  const order = value.order === null ? null : readOrder(value.order);
  const isEvent =
    isWhole(position) &&
    isOperation(operation) &&
    (order_id === null || isWhole(order_id)) &&
    (order !== null || value.order === null) &&
    (changed === null || isObject(changed)) &&
    (actor === null || isText(actor)) &&
    isText(changed_at);
  if (!isEvent) return null;
  return { position, operation, order_id, order, changed, actor, changed_at };
}

/** A schema for zod of what a plain function reads. */
const read = <T>(reader: (value: unknown) => T | null) =>
  z.pipe(
    z.unknown(),
    z.transform((value: unknown, context): T => {
      const found = reader(value);
      if (found !== null) return found;
      context.issues.push({ code: "custom", input: value, message: "not understood" });
      return z.NEVER;
    }),
  );

const listOf =
  <T>(reader: (value: unknown) => T | null) =>
  (value: unknown): T[] | null => {
    if (!Array.isArray(value)) return null;
    const found = value.map(reader);
    return found.includes(null) ? null : (found as T[]);
  };

const Position = z.int().check(z.nonnegative());
export const Order = read(readOrder);

export const OrdersPage = z.object({
  stream: z.string(),
  position: Position,
  orders: read(listOf(readOrder)),
  next_cursor: z.nullable(z.string()),
});
export type OrdersPage = z.infer<typeof OrdersPage>;

export const EventsPage = z.object({
  stream: z.string(),
  position: Position,
  events: read(listOf(readEvent)),
});
export type EventsPage = z.infer<typeof EventsPage>;

export const Me = z.object({
  mode: z.enum(["open", "token"]),
  subject: z.string(),
  role: z.enum(ROLES),
  customers: z.nullable(z.array(z.string())),
  expires: z.nullable(z.string()),
});
export type Me = z.infer<typeof Me>;

export const Ticket = z.object({ ticket: z.string() });

const Count = z.int().check(z.nonnegative());
export const CountsPage = z.object({
  stream: z.string(),
  position: Position,
  time: z.string(),
  counts: z.object({
    pending: Count,
    processing: Count,
    shipped: Count,
    delivered: Count,
    cancelled: Count,
  } satisfies Record<Status, unknown>),
});
export type CountsPage = z.infer<typeof CountsPage>;

export const PulsePage = z.object({
  stream: z.string(),
  position: Position,
  time: z.string(),
  changes_since: z.string(),
  changes: z.array(Count),
  orders_since: z.string(),
  orders: z.array(Count),
});
export type PulsePage = z.infer<typeof PulsePage>;

const Hello = z.object({
  type: z.literal("hello"),
  gateway: z.string(),
  stream: z.string(),
  position: Position,
  heartbeat_seconds: z.number().check(z.positive()),
});
const Authenticated = z.object({
  type: z.literal("authenticated"),
  subject: z.string(),
  role: z.enum(ROLES),
  customers: z.nullable(z.array(z.string())),
  expires: z.nullable(z.string()),
});
const Expiring = z.object({ type: z.literal("expiring"), seconds: z.number() });
const Events = z.object({
  type: z.literal("events"),
  first: Position,
  last: Position,
  conflated: z.optional(z.boolean()),
  events: z.custom<unknown[]>((value) => Array.isArray(value)),
});
const Heartbeat = z.object({ type: z.literal("heartbeat"), position: Position });
const Reset = z.object({ type: z.literal("reset"), reason: z.string(), position: Position });
const Subscribed = z.object({ type: z.literal("subscribed"), position: Position });
const Pong = z.object({ type: z.literal("pong"), position: z.optional(Position) });
const ServerError = z.object({
  type: z.literal("error"),
  code: z.string(),
  message: z.string(),
});
const Message = z.discriminatedUnion("type", [
  Hello,
  Authenticated,
  Expiring,
  Events,
  Heartbeat,
  Reset,
  Subscribed,
  Pong,
  ServerError,
]);

export type Hello = z.infer<typeof Hello>;
export type Reset = z.infer<typeof Reset>;
export interface EventsMessage {
  type: "events";
  first: number;
  last: number;
  /** Only the newest state of each order, for a page that fell behind; not every change. */
  conflated: boolean;
  events: OrderEvent[];
  /** Events in the frame that could not be read; what they changed is unknown. */
  unreadable: number;
}
export type ServerMessage = Exclude<z.infer<typeof Message>, { type: "events" }> | EventsMessage;

/** Read one text frame; null (and a warning) for what is no message this page knows. */
export function parseServerMessage(data: unknown): ServerMessage | null {
  const message = Message.safeParse(parseJson(data));
  if (!message.success) {
    console.warn("A message on /ws was not understood and is ignored.", message.error.issues);
    return null;
  }
  return message.data.type === "events" ? readEvents(message.data) : message.data;
}

function parseJson(data: unknown): unknown {
  if (typeof data !== "string") return undefined;
  try {
    return JSON.parse(data) as unknown;
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
