import { type RefObject, useEffect, useRef } from "react";
import type { ActivityFeed } from "../model/activity-feed";

/** Requests older changes when the end of the list is near the view and no request is pending. */
export function useOlder(feed: ActivityFeed, list: RefObject<HTMLElement | null>, ready: boolean) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const [box, mark] = [list.current, end.current];
    if (!box || !mark || !ready) return;
    // An observer reports when it is created: after each request it checks again.
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
