import { Popover } from "radix-ui";
import { formatClock, formatNumber } from "@/lib/format";
import type { LiveSocket } from "@/lib/live-socket";
import { useNow } from "@/lib/use-now";
import { useObservablePerFrame } from "@/lib/use-observable";
import { useOnline } from "@/lib/use-online";
import { describe } from "../model/describe";
import type { Progress } from "../model/progress";
import styles from "./connection-status.module.css";

const TICK_MS = 1000;

interface ConnectionStatusProps {
  socket: LiveSocket;
  progress: Progress;
}

/** Always there, in a word; the rest on request. */
export function ConnectionStatus({ socket, progress }: ConnectionStatusProps) {
  const state = useObservablePerFrame(socket.state);
  const { shown } = useObservablePerFrame(progress.state);
  const online = useOnline();
  const now = useNow(TICK_MS);
  const { behind } = progress;
  const { tone, label } = describe(state, { behind, online, now });
  const latency = progress.latency.median(now);
  const clock = progress.clock.estimate;
  return (
    <Popover.Root>
      <Popover.Trigger
        className={styles.status}
        data-tone={tone}
        data-phase={state.phase}
        data-behind={behind}
        data-testid="connection"
        title="About the connection"
      >
        <span className={styles.dot} aria-hidden />
        <span className={styles.label}>{label}</span>
        {state.gateway !== null && (
          <span className={styles.place}>
            <span className={styles.gateway}>{state.gateway}</span>
            <span data-testid="position">{formatNumber(shown)}</span>
          </span>
        )}
        {latency !== null && state.phase === "live" && (
          <span className={styles.latency} data-testid="latency">
            {milliseconds(latency)}
          </span>
        )}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.details}
          sideOffset={6}
          align="end"
          collisionPadding={8}
          aria-label="Connection"
        >
          <dl>
            <Fact label="State">{label}</Fact>
            <Fact label="Gateway">{state.gateway ?? "–"}</Fact>
            <Fact label="Position">
              {formatNumber(shown)}
              {behind > 0 && `, ${formatNumber(behind)} behind`}
            </Fact>
            <Fact label="Last heard">
              {state.heardAt === null ? "never" : formatClock(state.heardAt)}
            </Fact>
            <Fact label="From change to screen">
              {latency === null
                ? "no change in the last minute"
                : `${milliseconds(latency)}, median of the last minute`}
            </Fact>
            <Fact label="Clock">
              {clock === null
                ? "not compared yet"
                : `the database's is ${milliseconds(Math.abs(clock.offsetMs))} ${
                    clock.offsetMs >= 0 ? "ahead" : "behind"
                  } (±${milliseconds(clock.errorMs)}); taken into account`}
            </Fact>
          </dl>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${formatNumber(Math.round(ms))} ms` : `${formatNumber(Math.round(ms / 100) / 10)} s`;
