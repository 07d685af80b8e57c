import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import { formatCount, formatHour, formatMinutes, formatShortCount } from "@/lib/format";
import { words } from "@/words";
import { capOf, levelsOf, timesOf } from "../model/axes";
import { type Bar, HOUR_MS } from "../model/pulse";
import styles from "./pulse.module.css";

interface ChartProps {
  bars: readonly Bar[];
  kind: "line" | "bars";
  /** A description of the data for screen readers. */
  label: string;
  /** Returns a bar's period and value as text. */
  describe: (bar: Bar, index: number) => string;
}

const HIGH_PX = 140;
const LETTER_PX = 6.5;
const GAP_PX = 16;
/** The height of the drawing in its own units; it is scaled to the available space. */
const HEIGHT = 100;

/** A small chart. Pointing at a bar, or the arrow keys, show its value. */
export function Chart({ bars, kind, label, describe }: ChartProps) {
  const plot = useRef<HTMLDivElement>(null);
  const size = useSize(plot);
  /** The bar that was chosen; Infinity: the last one, whichever that is. */
  const [told, setTold] = useState<number | null>(null);

  const values = bars.map(({ value }) => Math.max(0, value));
  const levels = levelsOf(values, size.height > HIGH_PX ? 4 : 2);
  const cap = capOf(values);
  const last = bars.length - 1;
  const shown = Math.min(told ?? last, last);
  const bar = bars[shown];
  const place = placing(bars, kind);

  function point({ clientX, currentTarget }: PointerEvent): void {
    const { left, width } = currentTarget.getBoundingClientRect();
    const at = (clientX - left) / width;
    const distance = (index: number) => Math.abs(place(index) - at);
    setTold(bars.reduce((best, _, index) => (distance(index) < distance(best) ? index : best), 0));
  }

  function step(event: KeyboardEvent): void {
    const places: Readonly<Record<string, number>> = {
      ArrowLeft: shown - 1,
      ArrowRight: shown + 1,
      ArrowDown: shown - 1,
      ArrowUp: shown + 1,
      Home: 0,
      End: last,
    };
    const wanted = places[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    setTold(Math.min(last, Math.max(0, wanted)));
  }

  return (
    <div className={styles.chart} data-empty={bars.length === 0}>
      <ol className={styles.levels} aria-hidden>
        {levels.toReversed().map((level) => (
          <li key={level}>{formatShortCount(level)}</li>
        ))}
      </ol>
      <div
        ref={plot}
        className={styles.plot}
        role="slider"
        tabIndex={0}
        aria-readonly
        aria-label={cap === null ? label : words.pulse.beyondScale(label, formatCount(cap))}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, shown)}
        aria-valuetext={bar ? describe(bar, shown) : words.pulse.nothingKnown}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={({ pointerType }) => {
          if (pointerType === "mouse") setTold(null);
        }}
        onFocus={({ currentTarget }) => {
          if (currentTarget.matches(":focus-visible")) setTold(Infinity);
        }}
        onBlur={() => setTold(null)}
        onKeyDown={step}
      >
        <Drawing values={values} kind={kind} levels={levels} place={place} />
        {cap !== null && <Peaks values={values} cap={cap} place={place} />}
        {told !== null && bar && (
          <span className={styles.cursor} style={{ left: percent(place(shown)) }} />
        )}
      </div>
      <Times bars={bars} kind={kind} width={size.width} />
      {told !== null && bar && (
        <span className={styles.value} aria-hidden data-testid="chart-value">
          {describe(bar, shown)}
        </span>
      )}
    </div>
  );
}

const percent = (part: number): string => `${100 * part}%`;

/** Returns the horizontal position of a bar, from 0 (left) to 1 (right). */
function placing(bars: readonly Bar[], kind: ChartProps["kind"]): (index: number) => number {
  const [first, last] = [bars[0]?.from ?? 0, bars.at(-1)?.from ?? 1];
  return kind === "bars"
    ? (index) => (index + 0.5) / Math.max(1, bars.length)
    : (index) => ((bars[index]?.from ?? 0) - first) / Math.max(1, last - first);
}

interface DrawingProps {
  values: readonly number[];
  kind: ChartProps["kind"];
  levels: readonly number[];
  place: (index: number) => number;
}

function Drawing({ values, kind, levels, place }: DrawingProps) {
  const top = levels.at(-1) ?? 1;
  const heightOf = (value: number) => HEIGHT * Math.min(1, value / top);
  const points = values.map((value, at) => `${HEIGHT * place(at)},${HEIGHT - heightOf(value)}`);
  const wide = HEIGHT / Math.max(1, values.length);
  return (
    <svg viewBox={`0 0 ${HEIGHT} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden>
      {levels.map((level) => (
        <path key={level} className={styles.grid} d={`M0,${HEIGHT - heightOf(level)}H${HEIGHT}`} />
      ))}
      {kind === "line" ? (
        <>
          <polygon className={styles.area} points={`0,100 ${points.join(" ")} 100,100`} />
          <polyline className={styles.line} points={points.join(" ")} />
        </>
      ) : (
        values.map((value, at) => (
          <rect
            key={at}
            className={styles.column}
            x={(at + 0.15) * wide}
            width={0.7 * wide}
            y={HEIGHT - heightOf(value)}
            height={heightOf(value)}
          />
        ))
      )}
    </svg>
  );
}

/** Marks each value above the scale, and shows the number of the highest. */
function Peaks({ values, cap, place }: Pick<DrawingProps, "values" | "place"> & { cap: number }) {
  const highest = values.indexOf(Math.max(...values));
  return values.map((value, at) => {
    if (value <= cap) return null;
    const side = place(at) < 0.5 ? "left" : "right";
    return (
      <span key={at} className={styles.peak} style={{ left: percent(place(at)) }} data-side={side}>
        {at === highest && <b>{formatCount(value)}</b>}
      </span>
    );
  });
}

/** Shows as many times as fit below the chart. */
function Times({ bars, kind, width }: Pick<ChartProps, "bars" | "kind"> & { width: number }) {
  const [from, to] = [bars[0]?.from ?? 0, bars.at(-1)?.from ?? 0];
  const text = kind === "bars" ? formatHour : formatMinutes;
  const widest = LETTER_PX * Math.max(...[0, 12, 23].map((hour) => text(hour * HOUR_MS).length));
  const times = timesOf(from, to, width / (widest + GAP_PX), kind === "bars" ? HOUR_MS : 0);
  const half = kind === "bars" ? 0.5 / Math.max(1, bars.length) : 0;
  const placeOf = (time: number) =>
    half + ((1 - 2 * half) * (time - from)) / Math.max(1, to - from);
  return (
    <ol className={styles.times} aria-hidden>
      {times.map((time) => {
        const middle = placeOf(time) * width;
        const isWhole = middle >= widest / 2 && middle <= width - widest / 2;
        return (
          isWhole && (
            <li key={time} style={{ left: percent(placeOf(time)) }}>
              {text(time)}
            </li>
          )
        );
      })}
    </ol>
  );
}

function useSize(element: React.RefObject<HTMLElement | null>) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const box = element.current;
    if (!box) return;
    const observer = new ResizeObserver(() =>
      setSize({ width: box.clientWidth, height: box.clientHeight }),
    );
    observer.observe(box);
    return () => observer.disconnect();
  }, [element]);
  return size;
}
