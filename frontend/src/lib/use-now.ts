import { createContext, useContext, useEffect, useState } from "react";
import type { DatabaseClock } from "real-time-orders";

/** Returns this computer's time (epoch, ms), updated periodically. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const tick = () => setNow(Date.now());
    tick();
    const timer = setInterval(tick, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export const ClockContext = createContext<Pick<DatabaseClock, "offsetMs">>({ offsetMs: 0 });

/** Returns the database's time, because ages of rows must not depend on this computer's clock. */
export function useDatabaseNow(everyMs: number): number {
  const { offsetMs } = useContext(ClockContext);
  return useNow(everyMs) + offsetMs;
}
