/** Times and numbers in the reader's own locale. */
const NUMBER = new Intl.NumberFormat();
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const MINUTES = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

export const formatNumber = (value: number): string => NUMBER.format(value);
export const formatExact = (time: string): string => EXACT.format(new Date(time));
export const formatMinutes = (time: number): string => MINUTES.format(time);
export const formatClock = (time: number): string => CLOCK.format(time);

/** "just now", "3 min ago", "2 h ago", "yesterday"; the date once it is a week old. */
export function formatAge(time: string, now: number): string {
  // Clocks differ a little; nothing on this page happens in the future.
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 10) return "just now";
  if (seconds < MINUTE) return RELATIVE.format(-Math.floor(seconds / 10) * 10, "second");
  if (seconds < HOUR) return RELATIVE.format(-Math.floor(seconds / MINUTE), "minute");
  if (seconds < 24 * HOUR) return RELATIVE.format(-Math.floor(seconds / HOUR), "hour");
  if (seconds < WEEK) return RELATIVE.format(-Math.floor(seconds / 24 / HOUR), "day");
  return DAY.format(new Date(time));
}
