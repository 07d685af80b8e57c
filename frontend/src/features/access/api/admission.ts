import { request } from "@/lib/http";
import { Ticket } from "@/lib/protocol";

/**
 * The subprotocols of one connection, with a ticket: a page cannot set headers on a WebSocket, and
 * addresses are logged.
 */
export async function admission(): Promise<string[]> {
  const { ticket } = await request(Ticket, "/api/tickets", { method: "POST" });
  return ["orders", `orders.ticket.${ticket}`];
}
