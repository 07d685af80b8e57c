/** How uPlot draws a small chart: scales, labels that have room, and marks of the peaks. */
import uPlot from "uplot";
import { formatCount, formatHour, formatMinutes, formatShortCount } from "@/lib/format";
import { capOf } from "../model/scale";

const GAP_PX = 14;
const MARK_PX = 5;
const LEAST_TOP = 4;

export function optionsOf(kind: "line" | "bars", element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const font = `11px ${style.fontFamily}`;
  const widthOf = measuring(font);
  const time = (at: number) => (kind === "bars" ? formatHour : formatMinutes)(at * 1000);
  const widest = Math.max(...SAMPLES.map((at) => widthOf(time(at))));
  const axis: uPlot.Axis = { stroke: colour("--muted"), font, ticks: { show: false }, gap: 2 };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [8, 8, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (plot) => [0, topOf(plot)] } },
    axes: [
      {
        ...axis,
        size: 18,
        space: widest + GAP_PX,
        grid: { show: false },
        // A label at the end of the axis that would be cut is left out.
        values: (plot, splits) =>
          splits.map((at) => {
            const [text, centre] = [time(at), plot.valToPos(at, "x")];
            const half = widthOf(text) / 2;
            const left = plot.over.offsetLeft + centre - half;
            return left < 0 || left + 2 * half > plot.width ? "" : text;
          }),
      },
      {
        ...axis,
        size: (_, labels: string[] | null) =>
          10 + Math.max(widthOf("000"), ...(labels ?? []).map(widthOf)),
        space: 24,
        grid: { stroke: colour("--line"), width: 1 },
        values: (_, splits) =>
          splits.map((value) => (Number.isInteger(value) ? formatShortCount(value) : "")),
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
    hooks: { draw: [(plot) => drawPeaks(plot, font, colour("--text"))] },
  };
}

/** Times of the day whose texts may be the widest. */
const SAMPLES = [0, 10, 12, 20, 22].map((hours) => (hours * 60 + 48) * 60);

function measuring(font: string): (text: string) => number {
  const canvas = document.createElement("canvas").getContext("2d");
  if (canvas) canvas.font = font;
  return (text) => canvas?.measureText(text).width ?? 7 * text.length;
}

const valuesOf = ({ data }: uPlot): number[] => [...(data[1] ?? [])].map((value) => value ?? 0);

function topOf(plot: uPlot): number {
  const values = valuesOf(plot);
  return capOf(values) ?? Math.max(LEAST_TOP, 1.1 * Math.max(0, ...values));
}

/** A mark on each value above the scale; the highest with its number. */
function drawPeaks(plot: uPlot, font: string, colour: string): void {
  const values = valuesOf(plot);
  const cap = capOf(values);
  if (cap === null) return;
  const { ctx, bbox } = plot;
  const highest = Math.max(...values);
  const dots = uPlot.pxRatio;
  ctx.save();
  ctx.scale(dots, dots);
  ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textBaseline = "top";
  const [begin, top, end] = [bbox.left / dots, bbox.top / dots, (bbox.left + bbox.width) / dots];
  let named = false;
  for (const [index, value] of values.entries()) {
    if (value <= cap) continue;
    const x = begin + plot.valToPos(plot.data[0][index] ?? 0, "x");
    ctx.beginPath();
    ctx.moveTo(x, top - MARK_PX);
    ctx.lineTo(x - MARK_PX, top + MARK_PX / 2);
    ctx.lineTo(x + MARK_PX, top + MARK_PX / 2);
    ctx.fill();
    if (named || value < highest) continue;
    named = true;
    const text = formatCount(value);
    const width = ctx.measureText(text).width;
    const right = x + MARK_PX + 3;
    ctx.fillText(text, right + width > end ? x - MARK_PX - 3 - width : right, top - MARK_PX);
  }
  ctx.restore();
}
