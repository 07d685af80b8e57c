import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import {
  type ChangeEvent,
  type EventsListener,
  type Id,
  ORDERS,
  RefusedError,
} from "real-time-orders";
import { queries } from "@/lib/queries";
import { useSchema } from "@/lib/use-schema";
import { getHistory } from "../api/orders";
import { mergeHistory } from "../model/history";

export type Listen = (listener: EventsListener) => () => void;

/** Returns an order's events and keeps them up to date. */
export function useHistory(id: Id, listen: Listen) {
  const { version } = useSchema();
  // Events that arrive before the answer are merged into it.
  const [live, setLive] = useState<readonly ChangeEvent[]>([]);
  const query = useQuery(
    {
      // After a change of the schema, the API's answer has other columns.
      queryKey: ["history", String(id), version],
      queryFn: ({ signal }) => getHistory(id, signal),
      placeholderData: (previous) => previous,
      gcTime: 0,
      retry: (failures, error) => !(error instanceof RefusedError) && failures < 5,
    },
    queries,
  );
  const { refetch } = query;
  useEffect(
    () =>
      listen((events, complete) => {
        const mine = events.filter(
          ({ order_id, operation, table }) =>
            order_id === id || (operation === "TRUNCATE" && table === ORDERS),
        );
        if (mine.length > 0) setLive((before) => mergeHistory(before, mine));
        if (!complete) void refetch();
      }),
    [id, listen, refetch],
  );
  const events = query.data ? mergeHistory(query.data.events, live) : [];
  return { query, events, touched: live.length > 0 };
}
