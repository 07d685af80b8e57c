import { type RefObject, useEffect, useRef } from "react";
import type { ActivityFeed } from "../model/activity-feed";

/** Asks for earlier changes whenever the end of the list comes near. */
export function useOlder(feed: ActivityFeed, list: RefObject<HTMLElement | null>, count: number) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const [box, mark] = [list.current, end.current];
    if (!box || !mark) return;
    // `count` is among the dependencies: a new observer looks again, also where the end stayed.
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting && box.scrollTop > 0) void feed.loadOlder();
      },
      { root: box, rootMargin: "400px" },
    );
    observer.observe(mark);
    return () => observer.disconnect();
  }, [feed, list, count]);
  return end;
}
