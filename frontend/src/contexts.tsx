import type { ReactNode } from "react";
import type { DatabaseClock, Id } from "real-time-orders";
import { type Toasts, ToastsContext } from "@/components/toasts";
import {
  OrdersContext,
  type OrdersContextValue,
} from "@/features/orders/components/orders-context";
import { ViewsContext, type ViewsContextValue } from "@/features/orders/components/views-menu";
import type { Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { TechnicalContext, type TechnicalWords } from "@/lib/technical";
import { ClockContext } from "@/lib/use-now";
import { KnownOrders, SchemaContext } from "@/lib/use-schema";

interface ContextsProps {
  toasts: Toasts;
  orders: OrdersContextValue;
  views: ViewsContextValue;
  schema: OrderSchema;
  known: (id: Id) => Order | undefined;
  clock: DatabaseClock;
  technical: TechnicalWords;
  children: ReactNode;
}

export const Contexts = ({
  toasts,
  orders,
  views,
  schema,
  known,
  clock,
  technical,
  children,
}: ContextsProps) => (
  <ToastsContext value={toasts}>
    <SchemaContext value={schema}>
      <ClockContext value={clock}>
        <TechnicalContext value={technical}>
          <OrdersContext value={orders}>
            <ViewsContext value={views}>
              <KnownOrders value={known}>{children}</KnownOrders>
            </ViewsContext>
          </OrdersContext>
        </TechnicalContext>
      </ClockContext>
    </SchemaContext>
  </ToastsContext>
);
