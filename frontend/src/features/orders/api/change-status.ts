import { request, withJson } from "@/lib/http";
import { Order, type Status } from "@/lib/protocol";

/** Refused (412) when the order is no longer at the version that the user saw. */
export function changeStatus(id: number, status: Status, version: number): Promise<Order> {
  const headers = { "If-Match": `"${version}"` };
  return request(Order, `/api/orders/${id}`, withJson("PUT", { status }, headers));
}
