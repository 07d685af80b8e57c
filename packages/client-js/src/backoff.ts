const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Returns the delay before the next attempt in milliseconds: a random part of 0.5, 1, 2, 4, 8, 15, 15,
 * ... seconds. Full jitter, because all clients of a gateway that fails reconnect at the same moment.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
}
