import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useIsDark } from "@/lib/theme";
import type { Bar } from "../model/pulse";
import { capOf } from "../model/scale";
import { optionsOf } from "./chart-options";
import styles from "./pulse.module.css";

interface ChartProps {
  bars: readonly Bar[];
  kind: "line" | "bars";
  /** Describes the data for screen readers. */
  label: string;
  /** A bar's period and value in words. */
  describe: (bar: Bar, index: number) => string;
}

/** A small chart. Pointing at it, or the arrow keys, tell the value of each bar. */
export function Chart({ bars, kind, label, describe }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const dark = useIsDark();
  /** The bar that is told of, and its place from the left in pixels. */
  const [told, setTold] = useState<{ index: number; left: number } | null>(null);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = new uPlot(optionsOf(kind, element), [[], []], element);
    plot.current = chart;
    const observer = new ResizeObserver(() => {
      chart.setSize({ width: element.clientWidth, height: element.clientHeight });
      setTold(null);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [kind, dark]); // colours are drawn on the canvas, so another colour scheme needs another chart

  useEffect(() => {
    plot.current?.setData([
      bars.map(({ from }) => from / 1000),
      bars.map(({ value }) => Math.max(0, value)),
    ]);
  }, [bars, kind, dark]);

  function tell(index: number): void {
    const chart = plot.current;
    const bar = bars[index];
    if (!chart || !bar) return;
    setTold({ index, left: chart.over.offsetLeft + chart.valToPos(bar.from / 1000, "x") });
  }

  function point({ clientX }: PointerEvent): void {
    const chart = plot.current;
    if (!chart) return;
    tell(chart.posToIdx(clientX - chart.over.getBoundingClientRect().left));
  }

  function step(event: KeyboardEvent): void {
    const last = bars.length - 1;
    const now = told?.index ?? last;
    const places: Readonly<Record<string, number>> = {
      ArrowLeft: now - 1,
      ArrowRight: now + 1,
      ArrowDown: now - 1,
      ArrowUp: now + 1,
      Home: 0,
      End: last,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    tell(Math.min(last, Math.max(0, place)));
  }

  const bar = told && bars[told.index];
  const last = bars.at(-1);
  const shown = bar ?? last;
  const cap = capOf(bars.map(({ value }) => value));
  return (
    <div className={styles.chart} data-empty={bars.length === 0}>
      <div
        ref={box}
        className={styles.plot}
        role="slider"
        tabIndex={0}
        aria-readonly
        aria-label={cap === null ? label : `${label} Values above ${cap} are beyond the scale.`}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, bars.length - 1)}
        aria-valuenow={told?.index ?? Math.max(0, bars.length - 1)}
        aria-valuetext={shown ? describe(shown, bars.indexOf(shown)) : "nothing is known yet"}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={(event) => {
          if (event.pointerType === "mouse") setTold(null);
        }}
        onFocus={(event) => {
          if (event.currentTarget.matches(":focus-visible")) tell(bars.length - 1);
        }}
        onBlur={() => setTold(null)}
        onKeyDown={step}
      />
      {told && bar && (
        <>
          <span className={styles.cursor} style={{ left: told.left }} />
          <span className={styles.value} aria-hidden data-testid="chart-value">
            {describe(bar, told.index)}
          </span>
        </>
      )}
    </div>
  );
}
