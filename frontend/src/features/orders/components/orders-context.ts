import { createContext, useContext } from "react";
import type { Id, Observable } from "real-time-orders";
import type { Rights } from "@/lib/rights";
import type { OrderWrites } from "../model/order-writes";
import type { LazyRuns } from "../model/lazy-runs";
import type { Selection } from "../model/selection";
import type { PageLook } from "../model/page-look";
import type { ColumnChoice } from "../model/table-layout";

export interface OrdersContextValue {
  readonly rights: Rights;
  readonly writes: OrderWrites;
  readonly runs: LazyRuns;
  readonly selection: Selection;
  readonly columns: ColumnChoice;
  readonly look: PageLook;
  /** How many orders need attention; null before they are counted. */
  readonly attention: Observable<number | null>;
  readonly openOrder: (id: Id) => void;
  readonly showCustomer: (name: string) => void;
}

export const OrdersContext = createContext<OrdersContextValue | null>(null);

export function useOrders(): OrdersContextValue {
  const value = useContext(OrdersContext);
  if (!value) throw new Error("no OrdersContext above");
  return value;
}
