import type { ClockEstimate, Live } from "real-time-orders";
import { FactsPopover } from "@/components/facts";
import { TechnicalSwitch } from "@/components/technical-switch";
import { formatClock, formatCount } from "@/lib/format";
import { useTechnical } from "@/lib/technical";
import { useNow } from "@/lib/use-now";
import { apiTrouble } from "@/lib/http";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { describe } from "../model/describe";
import type { Progress } from "../model/progress";
import styles from "./connection-status.module.css";

const TICK_MS = 1000;

interface ConnectionStatusProps {
  live: Live;
  progress: Progress;
}

/** The connection in one label; a popover has the details. */
export function ConnectionStatus({ live, progress }: ConnectionStatusProps) {
  const state = useObservablePerFrame(live.connection);
  const { shown } = useObservablePerFrame(progress.state);
  const offlineSince = useOffline();
  const now = useNow(TICK_MS);
  const { behind } = progress;
  const api = useObservable(apiTrouble);
  const [technical] = useTechnical();
  const { tone, label } = describe(state, {
    behind,
    offlineSince,
    api,
    now,
  });
  const latency = progress.latencyMs;
  const clock = progress.clock.estimate;
  const trigger = (
    <button
      type="button"
      className={styles.status}
      data-tone={tone}
      data-phase={state.phase}
      data-behind={behind}
      data-position={shown}
      data-gateway={state.gateway}
      data-testid="connection"
      title="About the connection"
    >
      <span className={styles.dot} aria-hidden />
      <span className={styles.label}>{label}</span>
      {technical && state.gateway !== null && (
        <span className={styles.place}>
          <span className={styles.gateway}>{state.gateway}</span>
          <span data-testid="position">{formatCount(shown)}</span>
        </span>
      )}
      {technical && latency !== null && tone !== "bad" && (
        <span className={styles.latency} data-testid="latency">
          {milliseconds(latency)}
        </span>
      )}
    </button>
  );
  const facts = {
    State: label,
    Gateway: technical ? (state.gateway ?? "–") : null,
    Position: technical
      ? behind > 0
        ? `${formatCount(shown)}, ${formatCount(behind)} behind`
        : formatCount(shown)
      : null,
    "Last heard": state.heardAt === null ? "never" : formatClock(state.heardAt),
    API: technical || api !== null ? (api?.message ?? "answers") : null,
    "Change to screen":
      latency === null
        ? "no change in the last minute"
        : `${milliseconds(latency)}, median of the last minute`,
    Clock: technical ? (clock === null ? "not compared yet" : clockText(clock)) : null,
  };
  return (
    <FactsPopover label="Connection" trigger={trigger} facts={facts}>
      <TechnicalSwitch />
    </FactsPopover>
  );
}

function clockText({ offsetMs, errorMs }: ClockEstimate): string {
  const side = offsetMs >= 0 ? "ahead" : "behind";
  return `the database's clock is ${milliseconds(Math.abs(offsetMs))} ${side} (±${milliseconds(errorMs)}); ages account for it`;
}

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${formatCount(Math.round(ms))} ms` : `${formatCount(Math.round(ms / 100) / 10)} s`;
