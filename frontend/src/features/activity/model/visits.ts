/** Where a reader's visits ended, to tell what has happened since. Pure. */
import { count, nullable, object, type Read, text } from "@/lib/shape";

/** What the page showed: everything up to a position of a stream, at a time of the database. */
const Seen = object({ stream: text, position: count, at: text });
export const Visits = object({
  /** The end of this visit, as far as it has gone. */
  last: Seen,
  /** The end of the visit before. */
  before: nullable(Seen),
});
export type Seen = Read<typeof Seen>;
export type Visits = Read<typeof Visits>;

/** A reader who is away for so long and returns begins another visit. */
const APART_MS = 10 * 60_000;

const isOver = ({ last }: Visits, now: number): boolean => now - Date.parse(last.at) > APART_MS;

/** Where the visit before this one ended; null if this is the first one. */
export function lastVisit(visits: Visits | null, now: number): Seen | null {
  if (visits === null) return null;
  return isOver(visits, now) ? visits.last : visits.before;
}

/** The page has been seen as it is now. */
export const seenNow = (visits: Visits | null, seen: Seen): Visits => ({
  last: seen,
  before: lastVisit(visits, Date.parse(seen.at)),
});
