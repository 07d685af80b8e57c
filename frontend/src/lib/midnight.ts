import { dayOf, midnight } from "./days";

const LATE_MS = 1000;

/** Calls the listener when a new day has begun for the reader. Returns a function that stops this. */
export function onMidnight(listener: () => void): () => void {
  let day = dayOf(new Date());
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    const now = Date.now();
    timer = setTimeout(look, midnight(1, now).getTime() - now + LATE_MS);
    const today = dayOf(new Date(now));
    if (today === day) return;
    day = today;
    listener();
  };
  look();
  // After sleep the timer may be late, and the time zone may have changed.
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
