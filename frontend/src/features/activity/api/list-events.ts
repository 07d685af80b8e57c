import { request } from "@/lib/http";
import { EventsPage } from "@/lib/protocol";

/** What happened just before a position, from the full log. */
export function listEventsBefore(position: number, limit: number): Promise<EventsPage> {
  const after = Math.max(0, position - limit);
  return request(EventsPage, `/api/events?after=${after}&limit=${limit}`);
}
