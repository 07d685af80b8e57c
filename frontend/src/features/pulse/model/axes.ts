/** Computes how high a chart's scale reaches, and where its axes have labels. Pure. */

/** The most values that may be above the scale. If more were, they would not be exceptions. */
const MOST_PEAKS = 3;
/** A peak is at least this many times as high as the highest of the other values. */
const PEAK_TIMES = 4;
const ROOM_ABOVE = 1.5;
/** With a scale of one or two, a single change would be as high as the chart. */
const LEAST_TOP = 4;

/**
 * Returns the end of the scale if a few peaks would make all other values too small to see; null if the
 * scale includes every value. Values above the end are drawn at the end and marked.
 */
export function capOf(values: readonly number[]): number | null {
  const highest = [...values].sort((a, b) => b - a).slice(0, MOST_PEAKS + 1);
  let cap: number | null = null;
  for (let peaks = 1; peaks < highest.length; peaks += 1) {
    const [peak = 0, rest = 0] = [highest[peaks - 1], highest[peaks]];
    if (rest > 0 && peak >= rest * PEAK_TIMES) cap = Math.ceil(rest * ROOM_ABOVE);
  }
  return cap;
}

/** Returns the labels of the vertical axis from 0 to its end, at equal intervals of a round number. */
export function levelsOf(values: readonly number[], intervals: number): number[] {
  const top = Math.max(LEAST_TOP, capOf(values) ?? Math.max(0, ...values));
  const step = roundUp(top / intervals);
  return Array.from({ length: intervals + 1 }, (_, at) => at * step);
}

/** Rounds up to the next of 1, 2, 5, 10, 20, 25, 50, 100, ... */
function roundUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)));
  const round = [1, 2, 2.5, 5].map((each) => each * unit).filter(Number.isInteger);
  return round.find((each) => each >= value) ?? 10 * unit;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEPS_MS = [
  ...[5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((hours) => hours * HOUR_MS),
];

/**
 * Returns the round times of the reader's day between two moments, at intervals of at least `leastMs`,
 * but no more intervals than `most`.
 */
export function timesOf(from: number, to: number, most: number, leastMs: number): number[] {
  const step = STEPS_MS.find((each) => each >= leastMs && (to - from) / each <= most) ?? to - from;
  const midnight = new Date(from).setHours(0, 0, 0, 0);
  const first = midnight + Math.ceil((from - midnight) / step) * step;
  const times = [];
  for (let time = first; time <= to; time += step) times.push(time);
  return times;
}
