import { send } from "@/lib/http";

/** Refused (412) when the order is no longer at the version that the user saw. */
export async function deleteOrder(id: number, version: number, leaving = false): Promise<void> {
  const headers = { "If-Match": `"${version}"` };
  // keepalive: the page may be closing, and the user has already seen the order go.
  await send(`/api/orders/${id}`, { method: "DELETE", headers, keepalive: leaving });
}
