import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Id } from "real-time-orders";
import { formatCount } from "@/lib/format";
import { queries } from "@/lib/queries";
import { words } from "@/words";
import { listBurst } from "../api/list-groups";
import type { Group } from "../model/activity-log";
import { ActivityEntry } from "./activity-entry";
import styles from "./burst-events.module.css";

interface BurstEventsProps {
  group: Group;
  now: number;
  onOpen: (orderId: Id) => void;
}

/** The events that a group had when it was opened, newest first. */
export function BurstEvents({ group, now, onOpen }: BurstEventsProps) {
  const [{ first, last, events: total }] = useState(group);
  const query = useInfiniteQuery(
    {
      queryKey: ["burst", first, last],
      queryFn: ({ pageParam, signal }) => listBurst({ first, last }, pageParam, signal),
      initialPageParam: null as number | null,
      getNextPageParam: ({ before }) => before,
      gcTime: 0,
      retry: 2,
    },
    queries,
  );
  const events = query.data?.pages.flatMap((page) => page.events) ?? [];
  return (
    <ol className={styles.events} aria-label={words.activity.newestFirst(total)}>
      {events.map((event) => (
        <ActivityEntry key={event.position} item={event} now={now} onOpen={onOpen} />
      ))}
      <li className={styles.end}>
        {query.isFetching ? (
          words.do.loading
        ) : query.isError ? (
          <>
            {words.activity.couldNotLoad}{" "}
            <button type="button" onClick={() => void query.refetch()}>
              {words.do.tryAgain}
            </button>
          </>
        ) : (
          query.hasNextPage && (
            <button type="button" onClick={() => void query.fetchNextPage()}>
              {words.activity.showMore(formatCount(events.length), formatCount(total))}
            </button>
          )
        )}
      </li>
    </ol>
  );
}
