/** How high a chart's scale reaches. Pure. */

/** Most values that may be above the scale: with more of them, the others are the exception. */
const MOST_PEAKS = 3;
/** A peak is at least so many times as high as the highest of the other values. */
const PEAK_TIMES = 4;
const ROOM_ABOVE = 1.5;

/**
 * The end of the scale where a few peaks would press all other values to the ground; null where the
 * scale has room for every value. Values above it are drawn at its end, and marked.
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
