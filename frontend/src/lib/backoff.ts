const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * How long to wait before the next attempt, after so many in vain: anything between nothing and
 * 0.5, 1, 2, 4, 8, 15, 15, ... seconds. Full jitter, because a gateway that dies sends all its
 * clients here at the same moment.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
}
