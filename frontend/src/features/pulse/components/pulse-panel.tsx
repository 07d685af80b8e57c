import { formatNumber } from "@/lib/format";
import type { Observable } from "@/lib/observable";
import { type Status, STATUSES } from "@/lib/protocol";
import { useNow } from "@/lib/use-now";
import { useObservablePaced } from "@/lib/use-observable";
import { changesByMinute, ordersByHour, type Pulse } from "../model/pulse";
import { Chart } from "./chart";
import styles from "./pulse.module.css";

const TICK_MS = 1000;

interface PulsePanelProps {
  pulse: Observable<Pulse | null>;
  counts: Observable<Readonly<Record<Status, number>> | null>;
  /** Database's clock minus this one. */
  offsetMs: () => number;
}

export function PulsePanel({ pulse, counts, offsetMs }: PulsePanelProps) {
  const known = useObservablePaced(pulse, TICK_MS);
  const now = useNow(TICK_MS) + offsetMs();
  const minutes = known ? changesByMinute(known, now) : [];
  const hours = known ? ordersByHour(known, now) : [];
  const thisMinute = minutes.at(-1)?.value ?? 0;
  const lastMinute = minutes.at(-2)?.value ?? 0;
  const today = hours.reduce((sum, { value }) => sum + value, 0);
  return (
    <section className={styles.panel} aria-labelledby="pulse-heading">
      <h2 id="pulse-heading" className="visually-hidden">
        Pulse
      </h2>
      <StatusBars counts={counts} />
      <figure className={styles.figure}>
        <figcaption>
          <span>Changes per minute</span>
          <b data-testid="changes-this-minute">{known ? formatNumber(thisMinute) : "–"}</b>
        </figcaption>
        <Chart
          kind="line"
          bars={minutes}
          label={`Changes per minute over the last hour. This minute ${thisMinute}, the minute before ${lastMinute}.`}
        />
      </figure>
      <figure className={styles.figure}>
        <figcaption>
          <span>Orders per hour</span>
          <b data-testid="orders-today">{known ? formatNumber(today) : "–"}</b> <span>in 24 h</span>
        </figcaption>
        <Chart
          kind="bars"
          bars={hours}
          label={`New orders per hour over the last day. ${today} in all, ${hours.at(-1)?.value ?? 0} in this hour.`}
        />
      </figure>
    </section>
  );
}

function StatusBars({ counts }: Pick<PulsePanelProps, "counts">) {
  const known = useObservablePaced(counts, TICK_MS / 4);
  const total = known ? STATUSES.reduce((sum, status) => sum + known[status], 0) : 0;
  return (
    <div className={styles.statuses}>
      <div className={styles.bar} aria-hidden>
        {known &&
          STATUSES.map((status) => (
            <span
              key={status}
              data-status={status}
              style={{ flexGrow: Math.max(0, known[status]) }}
            />
          ))}
      </div>
      <dl className={styles.legend} aria-label={`Orders by status, ${total} in all`}>
        {STATUSES.map((status) => (
          <div key={status} data-status={status}>
            <dt>{status}</dt>
            <dd>{known ? formatNumber(Math.max(0, known[status])) : "–"}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
