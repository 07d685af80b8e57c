import type { Observable } from "real-time-orders";
import { statusColour } from "@/components/status-badge";
import { formatCount, formatMinutes, visibleStatus } from "@/lib/format";
import { useDatabaseNow } from "@/lib/use-now";
import { useObservablePaced } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import {
  type Bar,
  changesByMinute,
  changesInLastMinute,
  HOUR_MS,
  MINUTES,
  ordersByHour,
  ordersInLastDay,
  type Pulse,
} from "../model/pulse";
import { Chart } from "./chart";
import styles from "./pulse.module.css";

const TICK_MS = 1000;

interface PulsePanelProps {
  pulse: Observable<Pulse | null>;
  counts: Observable<ReadonlyMap<string, number> | null>;
  /** Whether to show the number of orders by status here; not if tabs show it. */
  withCounts: boolean;
}

export function PulsePanel({ pulse, counts, withCounts }: PulsePanelProps) {
  const known = useObservablePaced(pulse, TICK_MS);
  const now = useDatabaseNow(TICK_MS);
  const schema = useSchema();
  const minutes = known ? changesByMinute(known, now) : [];
  const hours = known ? ordersByHour(known, now) : [];
  const lastMinute = known ? changesInLastMinute(known, now) : 0;
  const today = known ? ordersInLastDay(known, now) : 0;
  return (
    <section className={styles.panel} aria-labelledby="pulse-heading">
      <h2 id="pulse-heading" className="visually-hidden">
        {words.page.pulse}
      </h2>
      {withCounts && schema.role("status") && <StatusBars counts={counts} />}
      <div className={styles.figures}>
        <figure className={styles.figure}>
          <figcaption>
            <span>{words.pulse.changesPerMinute}</span>
            <b data-testid="changes-in-60-s">{known ? formatCount(lastMinute) : "–"}</b>{" "}
            <span>{words.pulse.in60s}</span>
          </figcaption>
          <Chart
            kind="line"
            bars={minutes}
            label={words.pulse.minutesChart(formatCount(lastMinute))}
            describe={minuteInWords}
          />
        </figure>
        {schema.column("created_at")?.kind === "timestamp" && (
          <figure className={styles.figure}>
            <figcaption>
              <span>{words.pulse.ordersPerHour}</span>
              <b data-testid="orders-today">{known ? formatCount(today) : "–"}</b>{" "}
              <span>{words.pulse.in24h}</span>
            </figcaption>
            <Chart
              kind="bars"
              bars={hours}
              label={words.pulse.hoursChart(
                formatCount(today),
                formatCount(hours.at(-1)?.value ?? 0),
              )}
              describe={hourInWords}
            />
          </figure>
        )}
      </div>
    </section>
  );
}

/** Returns a bar as text. The last bar is the last 60 seconds. */
const minuteInWords = ({ from, value }: Bar, index: number): string =>
  `${index < MINUTES - 1 ? formatMinutes(from) : words.pulse.last60s} · ${formatCount(value)}`;

const hourInWords = ({ from, value }: Bar): string =>
  `${formatMinutes(from)} – ${formatMinutes(from + HOUR_MS)} · ${formatCount(value)}`;

function StatusBars({ counts }: Pick<PulsePanelProps, "counts">) {
  const known = useObservablePaced(counts, TICK_MS / 4);
  const schema = useSchema();
  if (!schema.role("status")) return null;
  const undeclared = [...(known?.keys() ?? [])].filter((name) => !schema.statuses.includes(name));
  const bars = [...schema.statuses, ...undeclared].map((status) => ({
    status,
    count: Math.max(0, known?.get(status) ?? 0),
    declared: schema.statuses.includes(status),
  }));
  const shown = bars.filter(({ declared, count }) => declared || count > 0);
  const total = shown.reduce((sum, { count }) => sum + count, 0);
  return (
    <div>
      <div className={styles.bar} aria-hidden>
        {shown.map(({ status, count }) => (
          <span key={status} {...statusColour(schema, status)} style={{ flexGrow: count }} />
        ))}
      </div>
      <dl className={styles.legend} aria-label={words.pulse.byStatus(formatCount(total))}>
        {shown.map(({ status, count }) => (
          <div key={status} {...statusColour(schema, status)}>
            <dt>
              <bdi>{visibleStatus(status)}</bdi>
            </dt>
            <dd>{known ? formatCount(count) : "–"}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
