import { type RefObject, useEffect, useRef } from "react";
import type { ActivityFeed } from "../model/activity-feed";

/** Requests older changes when the end of the list is near the view. */
export function useOlder(feed: ActivityFeed, list: RefObject<HTMLElement | null>, count: number) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const [box, mark] = [list.current, end.current];
    if (!box || !mark) return;
    // `count` is a dependency: after new entries a new observer checks again whether the end is near.
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
