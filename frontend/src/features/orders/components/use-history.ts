import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { RefusedError } from "@/lib/http";
import type { OrderEvent } from "@/lib/protocol";
import { getHistory } from "../api/get-history";
import { mergeHistory } from "../model/history";

export type Listen = (
  listener: (events: readonly OrderEvent[], complete: boolean) => void,
) => () => void;

/** An order's events, followed while they are shown. */
export function useHistory(id: number, listen: Listen) {
  // What comes while the answer is on its way is laid over it when it is there.
  const [live, setLive] = useState<readonly OrderEvent[]>([]);
  const query = useQuery({
    queryKey: ["history", id],
    queryFn: ({ signal }) => getHistory(id, signal),
    gcTime: 0,
    retry: (failures, error) => !(error instanceof RefusedError) && failures < 5,
  });
  const { refetch } = query;
  useEffect(
    () =>
      listen((events, complete) => {
        const mine = events.filter(
          ({ order_id, operation }) => order_id === id || operation === "TRUNCATE",
        );
        if (mine.length > 0) setLive((before) => mergeHistory(before, mine));
        if (!complete) void refetch();
      }),
    [id, listen, refetch],
  );
  const events = query.data ? mergeHistory(query.data.events, live) : [];
  return { query, events, touched: live.length > 0 };
}
