import { createContext, useContext } from "react";
import type { Id } from "real-time-orders";
import type { Order } from "./row";
import { OrderSchema } from "./schema";

export const SchemaContext = createContext(OrderSchema.EMPTY);

/** Returns an order by id if the page has loaded it. */
export const KnownOrders = createContext<(id: Id) => Order | undefined>(() => undefined);

export const useSchema = (): OrderSchema => useContext(SchemaContext);
