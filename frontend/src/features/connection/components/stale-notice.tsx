import { CloudOff, WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import type { Live } from "real-time-orders";
import { formatClock, messageOf } from "@/lib/format";
import { apiTrouble } from "@/lib/http";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { words } from "@/words";
import { isCutOff, troubleWith } from "../model/describe";
import styles from "./stale-notice.module.css";

/** A gateway that restarts is back within this time, so no notice is shown before. */
const PATIENCE_MS = 1500;

interface StaleNoticeProps {
  live: Live;
  /** Sends a request to find out whether the API answers. */
  askApi: () => void;
}

/**
 * Shows which part of the system does not answer, and the age of the shown data. Tells screen readers
 * when the connection is back.
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
    if (stale) askApi(); // find out whether the API is away too
  }, [stale, lost, askApi]);

  return (
    <div role="status" aria-live="polite">
      {stale && heardAt !== null && (
        <div className={styles.notice}>
          <WifiOff size={16} aria-hidden />
          <span>
            {words.connection.why[why]} {words.connection.asTheyWere(<b>{formatClock(heardAt)}</b>)}
          </span>
          <button
            type="button"
            onClick={() => {
              live.wake();
              askApi();
            }}
          >
            {words.connection.reconnectNow}
          </button>
        </div>
      )}
      {!stale && helpless && (
        <div className={styles.notice}>
          <CloudOff size={16} aria-hidden />
          <span>
            {api && messageOf(api)} {words.connection.readOnly}
          </span>
          <button type="button" onClick={askApi}>
            {words.connection.tryNow}
          </button>
        </div>
      )}
      {!stale && !helpless && wasAway && (
        <span className="visually-hidden">{words.connection.liveAgain}</span>
      )}
    </div>
  );
}

/** Whether a condition has lasted longer than `PATIENCE_MS`. */
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
