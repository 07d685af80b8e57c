/** How long rows may wait, as a user types it: a number and a unit. */
export const UNITS = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof UNITS;

export interface Duration {
  /** The typed text; empty for no duration. */
  readonly amount: string;
  readonly unit: Unit;
}

export const NO_DURATION: Duration = { amount: "", unit: "hours" };

/** Returns a duration in the largest unit that gives a whole number. */
export function durationOf(seconds: number): Duration {
  const unit = (["days", "hours", "minutes"] as const).find((each) => seconds % UNITS[each] === 0);
  const fitting = unit ?? "seconds";
  return { amount: String(seconds / UNITS[fitting]), unit: fitting };
}

/** Returns the duration in seconds; null if the amount is empty, NaN if it is not a positive number. */
export function secondsOf({ amount, unit }: Duration): number | null {
  const text = amount.trim().replace(",", ".");
  if (text === "") return null;
  const seconds = /^\d{1,9}(\.\d+)?$/.test(text) ? Math.round(Number(text) * UNITS[unit]) : NaN;
  return seconds > 0 ? seconds : NaN;
}
