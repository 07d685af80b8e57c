import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useMedia } from "@/lib/use-media";
import type { Bar } from "../model/pulse";
import styles from "./pulse.module.css";

interface ChartProps {
  bars: readonly Bar[];
  kind: "line" | "bars";
  label: string;
}

/** A small chart; its label describes the data for screen readers. */
export function Chart({ bars, kind, label }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const dark = useMedia("(prefers-color-scheme: dark)");

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = new uPlot(options(kind, element), [[], []], element);
    plot.current = chart;
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: element.clientHeight }),
    );
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

  return (
    <div
      ref={box}
      className={styles.chart}
      data-empty={bars.length === 0}
      role="img"
      aria-label={label}
    />
  );
}

function options(kind: ChartProps["kind"], element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font: `11px ${style.fontFamily}`,
    ticks: { show: false },
    gap: 2,
  };
  const time = new Intl.DateTimeFormat(
    undefined,
    kind === "bars" ? { hour: "numeric" } : { hour: "numeric", minute: "2-digit" },
  );
  const short = new Intl.NumberFormat(undefined, { notation: "compact" });
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [6, 14, 0, 0], // room for half of the last label
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_, _min, max) => [0, Math.max(max * 1.1, 4)] } },
    axes: [
      {
        ...axis,
        size: 18,
        space: 64,
        grid: { show: false },
        values: (_, splits) => splits.map((at) => time.format(at * 1000)),
      },
      {
        ...axis,
        // In German 10,000 is not shortened to 10k: the labels' length is not known beforehand.
        size: (_, labels: string[] | null) =>
          12 + 6.5 * Math.max(3, ...(labels ?? []).map(({ length }) => length)),
        space: 26,
        grid: { stroke: colour("--line"), width: 1 },
        values: (_, splits) =>
          splits.map((value) => (Number.isInteger(value) ? short.format(value) : "")),
      },
    ],
    series: [
      {},
      {
        stroke: colour("--accent"),
        width: kind === "line" ? 1.5 : 0,
        fill: kind === "line" ? `${colour("--accent")}26` : colour("--accent"),
        points: { show: false },
        ...(kind === "bars" && uPlot.paths.bars
          ? { paths: uPlot.paths.bars({ size: [0.7, 24], radius: 0.15 }) }
          : {}),
      },
    ],
  };
}
