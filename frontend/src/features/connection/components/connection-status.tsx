import { formatNumber } from "@/lib/format";
import type { LiveSocket } from "@/lib/live-socket";
import { useNow } from "@/lib/use-now";
import { useObservablePerFrame } from "@/lib/use-observable";
import { describe } from "../model/describe";
import styles from "./connection-status.module.css";

const COUNTDOWN_MS = 500;

export function ConnectionStatus({ socket }: { socket: LiveSocket }) {
  const state = useObservablePerFrame(socket.state);
  const now = useNow(state.phase === "waiting" ? COUNTDOWN_MS : null);
  const { tone, label } = describe(state, now);
  return (
    <div
      className={styles.status}
      data-tone={tone}
      data-phase={state.phase}
      data-testid="connection"
    >
      <span className={styles.dot} aria-hidden />
      <span className={styles.label}>{label}</span>
      {state.gateway !== null && (
        <span className={styles.place}>
          <span className={styles.gateway} title="The gateway that serves this page">
            {state.gateway}
          </span>
          <span title="Nothing up to this position is missing" data-testid="position">
            {formatNumber(state.position ?? 0)}
          </span>
        </span>
      )}
    </div>
  );
}
