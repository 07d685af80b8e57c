import { type RefObject, useEffect, useRef } from "react";
import type { ActivityFeed } from "../model/activity-feed";

/** Loads older changes when the end of the list is near the view and no request is running. */
export function useOlder(feed: ActivityFeed, list: RefObject<HTMLElement | null>, ready: boolean) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const [box, mark] = [list.current, end.current];
    if (!box || !mark || !ready) return;
    // A new observer reports at once, so this checks again after each request.
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting && box.scrollTop > 0) void feed.loadOlder();
      },
      { root: box, rootMargin: "400px" },
    );
    observer.observe(mark);
    return () => observer.disconnect();
  }, [feed, list, ready]);
  return end;
}
