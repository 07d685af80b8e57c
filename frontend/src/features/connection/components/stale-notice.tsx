import { CloudOff, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import type { Live } from "real-time-orders";
import { formatClock } from "@/lib/format";
import { apiTrouble } from "@/lib/http";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { isCutOff, troubleWith } from "../model/describe";
import styles from "./stale-notice.module.css";

/** A gateway that restarts is back before the user needs to know. */
const PATIENCE_MS = 1500;

interface StaleNoticeProps {
  live: Live;
  /** Request something from the API to find out whether it answers. */
  askApi: () => void;
}

/**
 * Names the part of the system that does not answer and the age of what the page shows; tells screen
 * readers when the connection is back.
 */
export function StaleNotice({ live, askApi }: StaleNoticeProps) {
  const state = useObservablePerFrame(live.connection);
  const api = useObservable(apiTrouble);
  const { heardAt, lost } = state;
  const offlineSince = useOffline();
  const cutOff = heardAt !== null && isCutOff(state, offlineSince);
  const apiAway = state.phase === "live" && api !== null;
  const stale = useLasting(cutOff);
  const helpless = useLasting(apiAway);
  const [wasAway, setWasAway] = useState(false);
  if ((stale || helpless) && !wasAway) setWasAway(true);
  const why = offlineSince === null ? (troubleWith(state, api) ?? "unknown") : "offline";
  useEffect(() => {
    if (stale) askApi(); // to know whether the API is away, too
  }, [stale, lost, askApi]);

  return (
    <div role="status" aria-live="polite">
      {stale && heardAt !== null && (
        <div className={styles.notice}>
          <WifiOff size={16} aria-hidden />
          <span>
            {WHY[why]} You see the orders as they were at <b>{formatClock(heardAt)}</b>; missing
            changes load automatically.
          </span>
          <button
            type="button"
            onClick={() => {
              live.wake();
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
            {api?.message} You still see every change, but cannot make any until it answers.
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
  unknown: "Disconnected.",
  offline: "Disconnected: you are offline.",
  "API away": "Disconnected: the API does not answer.",
  "API failing": "Disconnected: the API cannot serve.",
  "Gateway away": "Disconnected: no gateway answers.",
  "API and gateway away": "Disconnected: neither the API nor a gateway answers.",
} as const;

/** Whether a condition has lasted longer than a restart takes. */
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
