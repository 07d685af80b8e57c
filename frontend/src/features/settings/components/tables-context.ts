import type { Column, Schema } from "real-time-orders";
import { createContext, useContext, useMemo } from "react";
import { restricting } from "../model/restriction";

/** The description of all watched tables, as it is now; null before it is loaded. */
export const TablesContext = createContext<Schema | null>(null);

/** The columns that may restrict rows. */
export function useColumns(): readonly Column[] {
  const schema = useContext(TablesContext);
  return useMemo(() => restricting(schema?.tables ?? []), [schema]);
}
