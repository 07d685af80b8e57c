import { useEffect, useState } from "react";

/** Returns since when the browser has reported no network (epoch, ms); null if it reports one. */
export function useOffline(): number | null {
  const [since, setSince] = useState(() => (navigator.onLine ? null : Date.now()));
  useEffect(() => {
    const follow = () => setSince((before) => (navigator.onLine ? null : (before ?? Date.now())));
    addEventListener("online", follow);
    addEventListener("offline", follow);
    return () => {
      removeEventListener("online", follow);
      removeEventListener("offline", follow);
    };
  }, []);
  return since;
}
