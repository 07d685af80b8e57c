/**
 * What the server says, as types: the browser's side of packages/contract.
 *
 * Everything that comes in is parsed here before use. Keys nobody knows yet are dropped and message
 * types nobody knows yet are ignored, so that a newer server does not break an open page.
 */
import * as z from "zod/mini";

// Compiling schemas needs eval, which a strict Content-Security-Policy rightly refuses.
z.config({ jitless: true });

export const STATUSES = ["pending", "processing", "shipped", "delivered", "cancelled"] as const;
export const Status = z.enum(STATUSES);
export type Status = z.infer<typeof Status>;

const Position = z.int().check(z.nonnegative());

export const Order = z.object({
  id: z.int(),
  customer_name: z.string(),
  product_name: z.string(),
  quantity: z.int(),
  status: Status,
  version: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Order = z.infer<typeof Order>;

export const OrderEvent = z.object({
  position: Position,
  operation: z.enum(["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"]),
  order_id: z.nullable(z.int()),
  order: z.nullable(Order),
  changed: z.nullable(z.record(z.string(), z.unknown())),
  actor: z.nullish(z.string()),
  changed_at: z.string(),
});
export type OrderEvent = z.infer<typeof OrderEvent>;

export const OrdersPage = z.object({
  stream: z.string(),
  position: Position,
  orders: z.array(Order),
  next_cursor: z.nullable(z.string()),
});
export type OrdersPage = z.infer<typeof OrdersPage>;

export const EventsPage = z.object({
  stream: z.string(),
  position: Position,
  events: z.array(OrderEvent),
});
export type EventsPage = z.infer<typeof EventsPage>;

const Hello = z.object({
  type: z.literal("hello"),
  gateway: z.string(),
  stream: z.string(),
  position: Position,
  heartbeat_seconds: z.number().check(z.positive()),
});
const Events = z.object({
  type: z.literal("events"),
  first: Position,
  last: Position,
  events: z.array(z.unknown()),
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

function readEvents({ first, last, events }: z.infer<typeof Events>): EventsMessage {
  const readable: OrderEvent[] = [];
  for (const candidate of events) {
    const event = OrderEvent.safeParse(candidate);
    if (event.success) readable.push(event.data);
    else console.warn("An event could not be read.", event.error.issues);
  }
  return {
    type: "events",
    first,
    last,
    events: readable,
    unreadable: events.length - readable.length,
  };
}
