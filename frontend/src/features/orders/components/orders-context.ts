import { createContext, useContext } from "react";
import type { Id } from "real-time-orders";
import type { Rights } from "@/lib/rights";
import type { OrderWrites } from "../model/order-writes";
import type { Selection } from "../model/selection";
import type { ColumnChoice } from "../model/table-columns";

export interface OrdersContextValue {
  readonly rights: Rights;
  readonly writes: OrderWrites;
  readonly selection: Selection;
  readonly columns: ColumnChoice;
  readonly openOrder: (id: Id) => void;
  readonly showCustomer: (name: string) => void;
}

export const OrdersContext = createContext<OrdersContextValue | null>(null);

export function useOrders(): OrdersContextValue {
  const value = useContext(OrdersContext);
  if (!value) throw new Error("no OrdersContext above");
  return value;
}
