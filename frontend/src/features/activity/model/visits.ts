/** Where a user's visits ended, to show what has happened since. Pure. */
import { count, nullable, object, type Read, text } from "@/lib/shape";

/** What the page has shown: all changes up to a position of a stream, at a time of the database. */
const Seen = object({ stream: text, position: count, at: text });
export const Visits = object({
  /** The present end of this visit. */
  last: Seen,
  /** The end of the visit before this one. */
  before: nullable(Seen),
});
export type Seen = Read<typeof Seen>;
export type Visits = Read<typeof Visits>;

/** After an absence longer than this, a new visit begins. */
const APART_MS = 10 * 60_000;

const isOver = ({ last }: Visits, now: number): boolean => now - Date.parse(last.at) > APART_MS;

/** Returns where the visit before this one ended; null if this is the first. */
export function lastVisit(visits: Visits | null, now: number): Seen | null {
  if (visits === null) return null;
  return isOver(visits, now) ? visits.last : visits.before;
}

/** Returns the visits after the user has seen the page as it is now. */
export const seenNow = (visits: Visits | null, seen: Seen): Visits => ({
  last: seen,
  before: lastVisit(visits, Date.parse(seen.at)),
});
