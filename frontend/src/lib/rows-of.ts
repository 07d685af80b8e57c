import type { Order, OrderEvent } from "./protocol";

export interface Rows {
  /** The row as it was; what an UPDATE left alone is taken from the new row. */
  readonly before: Readonly<Partial<Order>> | null;
  readonly after: Order | null;
}

/** What an event did, as the row before and the row after. */
export function rowsOf({ operation, order, changed }: OrderEvent): Rows {
  switch (operation) {
    case "INSERT":
      return { before: null, after: order };
    case "UPDATE":
      return { before: order && { ...order, ...(changed as Partial<Order> | null) }, after: order };
    default:
      return { before: changed, after: null };
  }
}
