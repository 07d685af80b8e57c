import { request } from "@/lib/http";
import { EventsPage } from "@/lib/protocol";

/** What happened just before a position, from the full log: oldest first, all below it. */
export async function listEventsBefore(position: number, limit: number): Promise<EventsPage> {
  const after = Math.max(0, position - 1 - limit);
  const most = Math.min(limit, position - 1 - after);
  if (most < 1) return { stream: "", position: 0, events: [] };
  return request(EventsPage, `/api/events?after=${after}&limit=${most}`);
}
