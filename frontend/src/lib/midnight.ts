import { dayOf, midnight } from "./days";

const LATE_MS = 1000;

/** Call the listener when another day has begun for the reader; returns how to stop. */
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
  // A computer that slept has missed the timer, or has travelled to another zone.
  document.addEventListener("visibilitychange", look);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
