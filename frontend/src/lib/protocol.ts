/** Shapes of the API's answers that only the dashboard uses. */
import { type Id, isRow, readEvent } from "real-time-orders";
import { type Order, orderEvent, withId } from "./row";
import {
  count,
  flag,
  list,
  member,
  nullable,
  object,
  oneOf,
  type Read,
  readable,
  record,
  type Shape,
  text,
} from "./shape";

const event = (value: unknown) => {
  const read = readEvent(value);
  return read ? orderEvent(read) : undefined;
};

/** Returns the shape of the answer to a request for one order. */
export const oneOrder =
  (id: Id): Shape<Order> =>
  (value) =>
    isRow(value) ? withId(value, id) : undefined;

const page = { stream: text, position: count };
export const EventsPage = object({ ...page, events: readable(event) });
const ActivityGroup = object({
  table: text,
  operation: oneOf("INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"),
  actor: nullable(text),
  /** The columns that an UPDATE changed, if the server knows them. */
  columns: nullable(list(text)),
  events: count,
  rows: count,
  first: count,
  last: count,
  began_at: text,
  ended_at: text,
  /** Events, newest first: all of a small group, otherwise only the newest. */
  sample: readable(event),
});
export const ActivityPage = object({
  ...page,
  groups: list(ActivityGroup),
  before: nullable(count),
  /** The oldest position in the log, and its time. */
  log_first: count,
  log_since: nullable(text),
});
export const BurstPage = object({ events: readable(event), before: nullable(count) });
export const ActorList = member("actors", list(object({ name: text })));
export const CountsPage = object({
  ...page,
  time: text,
  /** By status; orders without a status are counted under "". */
  counts: record(count),
});
export const PulsePage = object({
  ...page,
  time: text,
  changes_since: text,
  changes: list(count),
  recent_since: text,
  recent: list(count),
  orders_since: text,
  orders: list(count),
});
/** null: all rows. */
export const Rows = nullable(
  record((value) => (Array.isArray(value) ? (value as unknown[]) : undefined)),
);
export const Role = oneOf("viewer", "clerk", "admin");
export const Me = object({
  mode: oneOf("open", "token"),
  subject: text,
  role: Role,
  rows: Rows,
  expires: nullable(text),
  /** The id of the browser's session; null for a token. */
  session: nullable(text),
  /** Whether the session began with a company login. */
  company: nullable(flag),
});
/** How people can sign in other than with a password; `company` is the name of the company login. */
export const SignInWays = object({ company: nullable(text) });
export const SignedOut = object({ continue_at: nullable(text) });
export const ListedSession = object({
  id: text,
  started: text,
  used: text,
  address: text,
  browser: text,
  current: flag,
});
export const Linked = member("name", text);

export type EventsPage = Read<typeof EventsPage>;
export type ActivityGroup = Read<typeof ActivityGroup>;
export type ActivityPage = Read<typeof ActivityPage>;
export type BurstPage = Read<typeof BurstPage>;
export type CountsPage = Read<typeof CountsPage>;
export type PulsePage = Read<typeof PulsePage>;
export type Role = Read<typeof Role>;
export type Me = Read<typeof Me>;
export type ListedSession = Read<typeof ListedSession>;
