/**
 * Detects moments at which to check a connection, because timers did not run while the machine slept.
 */

const SLEEP_CHECK_MS = 5000;
const SLEPT_MS = 20_000;

/** Calls `wake` at such moments. Returns a function that stops this. */
export function watchWaking(wake: () => void): () => void {
  let checked = Date.now();
  const watch = setInterval(() => {
    const slept = Date.now() - checked > SLEPT_MS;
    checked = Date.now();
    if (slept) wake();
  }, SLEEP_CHECK_MS);
  if (typeof document === "undefined") return () => clearInterval(watch);

  const wakeIfVisible = () => {
    if (document.visibilityState === "visible") wake();
  };
  addEventListener("online", wakeIfVisible);
  addEventListener("offline", wake);
  addEventListener("pageshow", wakeIfVisible);
  document.addEventListener("visibilitychange", wakeIfVisible);
  return () => {
    clearInterval(watch);
    removeEventListener("online", wakeIfVisible);
    removeEventListener("offline", wake);
    removeEventListener("pageshow", wakeIfVisible);
    document.removeEventListener("visibilitychange", wakeIfVisible);
  };
}
