/* Made by `python -m orders_contract.typescript`; not to be edited by hand. */

export const STATUSES = ["pending", "processing", "shipped", "delivered", "cancelled"] as const;

export const OPERATIONS = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"] as const;

export const RESET_REASONS = ["expired", "slow", "unknown_stream", "ahead"] as const;

export const ROLES = ["viewer", "clerk", "admin"] as const;

/** Say who you are, or renew it: with a token, or a ticket from `POST /api/tickets`. */
export interface Auth {
  type: "auth";
  token?: string | null;
  ticket?: string | null;
}

/** The token is accepted: whose it is, what it allows, and until when. */
export interface Authenticated {
  type: "authenticated";
  subject: string;
  role: (typeof ROLES)[number];
  customers: string[] | null;
  expires: string | null;
}

/** A message of the client was not understood; the connection goes on as before. */
export interface Error {
  type: "error";
  code: string;
  message: string;
}

/** One change. `order` is the new row; `changed` the old values an UPDATE replaced. */
export interface Event {
  position: number;
  operation: (typeof OPERATIONS)[number];
  order_id: number | null;
  order: Order | null;
  changed: Record<string, unknown> | null;
  actor?: string | null;
  changed_at: string;
}

/** Events `first` to `last`: all of them, or under a filter those that match.

`conflated`: only the newest event of each order, for a client that fell behind. */
export interface Events {
  type: "events";
  first: number;
  last: number;
  conflated?: "True" | null;
  events: Event[];
}

/** The token ends in so many `seconds`, and the connection with it unless it is renewed. */
export interface Expiring {
  type: "expiring";
  seconds: number;
}

/** Which orders a client wants: every key given must match, any value of a key will do. */
export interface Filter {
  status?: (typeof STATUSES)[number][] | null;
  customer_name?: string[] | null;
  order_id?: number[] | null;
}

/** Nothing up to `position` is missing. */
export interface Heartbeat {
  type: "heartbeat";
  position: number;
}

/** First of every connection: what follows continues `stream` after `position`. */
export interface Hello {
  type: "hello";
  gateway: string;
  stream: string;
  position: number;
  heartbeat_seconds: number;
}

/** A row of `orders`. */
export interface Order {
  id: number;
  customer_name: string;
  product_name: string;
  quantity: number;
  status: (typeof STATUSES)[number];
  version: number;
  created_at: string;
  updated_at: string;
}

/** Ask for a `pong`. */
export interface Ping {
  type: "ping";
}

/** The answer to `ping`. */
export interface Pong {
  type: "pong";
  position: number;
}

/** What happened up to `position` will not come: fetch a snapshot, go on from there. */
export interface Reset {
  type: "reset";
  reason: (typeof RESET_REASONS)[number];
  position: number;
}

/** Replace the connection's filter; with `after`, resume from that position. */
export interface Subscribe {
  type: "subscribe";
  filter?: Filter | null;
  after?: number | null;
}

/** The answer to `subscribe`: under `filter`, what follows continues after `position`. */
export interface Subscribed {
  type: "subscribed";
  filter: Filter;
  position: number;
}
