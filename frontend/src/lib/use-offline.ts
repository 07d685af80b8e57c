import { useEffect, useState } from "react";

/** Since when the browser reports no network (epoch, ms); null while it reports one. */
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
