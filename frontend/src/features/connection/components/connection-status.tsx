import type { ClockEstimate, Live } from "real-time-orders";
import { FactsPopover } from "@/components/facts";
import { TechnicalSwitch } from "@/components/technical-switch";
import { formatClock, formatCount, messageOf } from "@/lib/format";
import { useTechnical } from "@/lib/technical";
import { useNow } from "@/lib/use-now";
import { apiTrouble } from "@/lib/http";
import { useObservable, useObservablePerFrame } from "@/lib/use-observable";
import { useOffline } from "@/lib/use-offline";
import { words } from "@/words";
import { describe } from "../model/describe";
import type { Progress } from "../model/progress";
import styles from "./connection-status.module.css";

const TICK_MS = 1000;

interface ConnectionStatusProps {
  live: Live;
  progress: Progress;
}

/** The state of the connection in one label, with details in a popover. */
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
      title={words.connection.about}
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
  const texts = words.connection;
  const facts = {
    [texts.state]: label,
    [texts.gateway]: technical ? (state.gateway ?? "–") : null,
    [texts.position]: technical
      ? behind > 0
        ? texts.positionBehind(formatCount(shown), formatCount(behind))
        : formatCount(shown)
      : null,
    [texts.lastHeard]: state.heardAt === null ? texts.never : formatClock(state.heardAt),
    [texts.api]: technical || api !== null ? (api ? messageOf(api) : texts.answers) : null,
    [texts.changeToScreen]: latency === null ? texts.noChange : texts.median(milliseconds(latency)),
    [texts.clock]: technical ? (clock === null ? texts.notCompared : clockText(clock)) : null,
  };
  return (
    <FactsPopover label={texts.title} trigger={trigger} facts={facts}>
      <TechnicalSwitch />
    </FactsPopover>
  );
}

function clockText({ offsetMs, errorMs }: ClockEstimate): string {
  const [by, error] = [milliseconds(Math.abs(offsetMs)), milliseconds(errorMs)];
  const { clockAhead, clockBehind } = words.connection;
  return offsetMs >= 0 ? clockAhead(by, error) : clockBehind(by, error);
}

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${formatCount(Math.round(ms))} ms` : `${formatCount(Math.round(ms / 100) / 10)} s`;
