import { CloudOff, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { formatClock } from "@/lib/format";
import type { LiveSocket } from "@/lib/live-socket";
import { apiTrouble } from "@/lib/http";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { isCutOff, troubleWith } from "../model/describe";
import styles from "./stale-notice.module.css";

/** A gateway that restarts is back before anyone needs to know. */
const PATIENCE_MS = 1500;

interface StaleNoticeProps {
  socket: LiveSocket;
  /** Find out whether the API answers. */
  askApi: () => void;
}

/**
 * Says who does not answer, and how old the page is while it is cut off; and tells screen readers
 * what became of it.
 */
export function StaleNotice({ socket, askApi }: StaleNoticeProps) {
  const state = useObservablePerFrame(socket.state);
  const api = useObservable(apiTrouble);
  const { heardAt, lost } = state;
  const offlineSince = useOffline();
  const cutOff = heardAt !== null && isCutOff(state, offlineSince);
  const apiAway = state.phase === "live" && api !== null;
  const stale = useLasting(cutOff);
  const helpless = useLasting(apiAway);
  const [wasAway, setWasAway] = useState(false);
  if ((stale || helpless) && !wasAway) setWasAway(true);
  const why = offlineSince === null ? (troubleWith(state, api) ?? "nobody") : "offline";
  useEffect(() => {
    if (stale) askApi(); // or nobody would know whether that is away, too
  }, [stale, lost, askApi]);

  return (
    <div role="status" aria-live="polite">
      {stale && heardAt !== null && (
        <div className={styles.notice}>
          <WifiOff size={16} aria-hidden />
          <span>
            {WHY[why]} You see the orders as they were at <b>{formatClock(heardAt)}</b>; what is
            missing comes by itself.
          </span>
          <button
            type="button"
            onClick={() => {
              socket.wake();
              askApi();
            }}
          >
            Reconnect now
          </button>
        </div>
      )}
      {!stale && helpless && (
        <div className={styles.notice}>
          <CloudOff size={16} aria-hidden />
          <span>
            {api?.message} You see every change all the same, but cannot make any until it does.
          </span>
          <button type="button" onClick={askApi}>
            Try now
          </button>
        </div>
      )}
      {!stale && !helpless && wasAway && (
        <span className="visually-hidden">Live again, nothing is missing.</span>
      )}
    </div>
  );
}

const WHY = {
  nobody: "Cut off.",
  offline: "Cut off: you are offline.",
  "API away": "Cut off: the API does not answer.",
  "API failing": "Cut off: the API cannot serve.",
  "Gateway away": "Cut off: no gateway answers.",
  "API and gateway away": "Cut off: neither the API nor a gateway answers.",
} as const;

/** Whether something has been so for longer than a restart takes. */
function useLasting(now: boolean): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!now) return;
    const timer = setTimeout(() => setLasting(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [now]);
  return lasting;
}
