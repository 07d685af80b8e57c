import { request, withJson } from "@/lib/http";
import { Order } from "@/lib/protocol";

export interface NewOrder {
  readonly customer_name: string;
  readonly product_name: string;
  readonly quantity: number;
}

/** With the same key a second attempt answers with the order that the first one made. */
export function createOrder(order: NewOrder, idempotencyKey: string): Promise<Order> {
  const headers = { "Idempotency-Key": idempotencyKey };
  return request(Order, "/api/orders", withJson("POST", order, headers));
}
