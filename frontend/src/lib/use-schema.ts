import { createContext, useContext } from "react";
import { OrderSchema } from "./schema";

export const SchemaContext = createContext(OrderSchema.EMPTY);

export const useSchema = (): OrderSchema => useContext(SchemaContext);
