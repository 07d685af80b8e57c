import { useEffect, useMemo } from "react";
import { Followed } from "@/lib/followed";
import { useObservablePerFrame } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { countRows } from "../api/orders";
import { countEvents, openCounts, type OrderCounts } from "../model/order-counts";
import { type OrderFilter, restMatcherOf, toQuery, withStatus } from "../model/order-filter";
import type { Listen } from "./use-history";

/**
 * Returns how many rows of the table match a filter, by status, whatever the filter's condition on the
 * status. Events keep the counts up to date.
 */
export function useRowCount(filter: OrderFilter, listen: Listen): OrderCounts | null {
  const schema = useSchema();
  const { name } = schema.table;
  const counts = useMemo(() => {
    const matches = restMatcherOf(filter, schema);
    return new Followed({
      fetch: (signal) => countRows(name, toQuery(withStatus(filter, schema, null), schema), signal),
      open: openCounts,
      apply: (before: OrderCounts, events) => countEvents(before, events, schema, matches),
    });
  }, [name, filter, schema]);
  useEffect(() => {
    counts.restart();
    const ignore = listen((events, complete) => {
      if (events.length === 0) counts.reload();
      else
        counts.receive(
          events.filter(({ table }) => table === name),
          !complete,
        );
    });
    return () => {
      ignore();
      counts.stop();
    };
  }, [counts, name, listen]);
  return useObservablePerFrame(counts.state);
}
