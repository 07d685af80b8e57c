import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { formatClock } from "@/lib/format";
import type { LiveSocket } from "@/lib/live-socket";
import { useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { isCutOff } from "../model/describe";
import styles from "./stale-notice.module.css";

/** A gateway that restarts is back before anyone needs to know. */
const PATIENCE_MS = 1500;

/** Says how old the page is while it is cut off, and tells screen readers what became of it. */
export function StaleNotice({ socket }: { socket: LiveSocket }) {
  const state = useObservablePerFrame(socket.state);
  const { heardAt } = state;
  const offlineSince = useOffline();
  const cutOff = heardAt !== null && isCutOff(state, offlineSince);
  const [stale, setStale] = useState(false);
  const [wasStale, setWasStale] = useState(false);

  useEffect(() => {
    if (!cutOff) return;
    const timer = setTimeout(() => {
      setStale(true);
      setWasStale(true);
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setStale(false);
    };
  }, [cutOff]);

  return (
    <div role="status" aria-live="polite">
      {stale && heardAt !== null && (
        <div className={styles.notice}>
          <WifiOff size={16} aria-hidden />
          <span>
            Cut off. You see the orders as they were at <b>{formatClock(heardAt)}</b>; what is
            missing comes by itself.
          </span>
          <button type="button" onClick={() => socket.wake()}>
            Reconnect now
          </button>
        </div>
      )}
      {!stale && wasStale && (
        <span className="visually-hidden">Live again, nothing is missing.</span>
      )}
    </div>
  );
}
