/**
 * The API's answers that only the dashboard asks for, parsed before use. Unknown members are ignored, so
 * that a newer server does not break an open page.
 */
import * as z from "zod/mini";
import { type ChangeEvent, type Id, isRow, readEvent, type Row } from "real-time-orders";
import { orderEvent, readOrder, withId } from "./row";

// Compiled schemas need eval, which a strict Content-Security-Policy refuses.
z.config({ jitless: true });

const OPERATIONS = ["INSERT", "UPDATE", "DELETE", "TRUNCATE", "LEAVE"] as const;

function readOrderEvent(value: unknown): ChangeEvent | null {
  const event = readEvent(value);
  return event && orderEvent(event);
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
export const EventsPage = z.object({ ...Page, events: listOf(readOrderEvent) });
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
  sample: listOf(readOrderEvent),
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
const principal = {
  subject: z.string(),
  role: z.enum(["viewer", "clerk", "admin"]),
  rows: z.nullish(z.record(z.string(), z.array(z.unknown()))),
  expires: z.nullable(z.string()),
};
export const Me = z.object({
  mode: z.enum(["open", "token"]),
  ...principal,
  /** The id of the browser's session; null for a token. */
  session: z.nullable(z.string()),
});
export const SessionList = z.object({
  sessions: z.array(
    z.object({
      id: z.string(),
      started: z.string(),
      used: z.string(),
      address: z.string(),
      browser: z.string(),
      current: z.boolean(),
    }),
  ),
});
export const Linked = z.object({ name: z.string() });

export type OrdersPage = z.infer<ReturnType<typeof ordersPage>>;
export type EventsPage = z.infer<typeof EventsPage>;
export type ActivityGroup = z.infer<typeof ActivityGroup>;
export type ActivityPage = z.infer<typeof ActivityPage>;
export type CountsPage = z.infer<typeof CountsPage>;
export type PulsePage = z.infer<typeof PulsePage>;
export type Me = z.infer<typeof Me>;
export type ListedSession = z.infer<typeof SessionList>["sessions"][number];
