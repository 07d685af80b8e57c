import type { Order, OrderEvent, OrdersPage } from "@/lib/protocol";

const TIME = "2026-11-22T11:12:52.70211+00:00";

export function order(id: number, change: Partial<Order> = {}): Order {
  return {
    id,
    customer_name: "John Doe",
    product_name: "Laptop",
    quantity: 1,
    status: "pending",
    version: 1,
    created_at: TIME,
    updated_at: TIME,
    ...change,
  };
}

export function inserted(position: number, row: Order): OrderEvent {
  return event(position, { operation: "INSERT", order_id: row.id, order: row });
}

export function updated(
  position: number,
  row: Order,
  changed: Record<string, unknown> = {},
): OrderEvent {
  return event(position, { operation: "UPDATE", order_id: row.id, order: row, changed });
}

export function deleted(position: number, row: Order): OrderEvent {
  return event(position, { operation: "DELETE", order_id: row.id, changed: { ...row } });
}

export function truncated(position: number): OrderEvent {
  return event(position, { operation: "TRUNCATE" });
}

export function page(position: number, orders: Order[], next_cursor: string | null = null) {
  return { stream: "s", position, orders, next_cursor } satisfies OrdersPage;
}

function event(position: number, change: Partial<OrderEvent>): OrderEvent {
  return {
    position,
    operation: "INSERT",
    order_id: null,
    order: null,
    changed: null,
    actor: null,
    changed_at: TIME,
    ...change,
  };
}
