/** Unsaved changes of an admin to the choices of a column. */
import { Observable } from "real-time-orders";
import { capital } from "@/lib/format";
import { words } from "@/words";
import type { ChoiceColumn } from "../api/shapes";
import type { Rules } from "../api/system";
import { type Duration, durationOf, NO_DURATION, secondsOf } from "./duration";

export interface ChoiceDraft {
  /** The version of the rules when the changes began. */
  readonly version: string;
  /** For each choice, the choices that may follow it, the usual one first; null: any may follow any. */
  readonly next: Readonly<Record<string, readonly string[]>> | null;
  readonly warn: Readonly<Record<string, Duration>>;
  readonly late: Readonly<Record<string, Duration>>;
}

/** Unsaved changes by column. They are kept when the admin opens another section or the orders. */
export const drafts = new Observable<Readonly<Record<string, ChoiceDraft>>>({});

export const keyOf = ({ table, column }: ChoiceColumn): string => `${table}.${column}`;

/** Returns a column's name in words, such as "Status of orders". */
export function titleOf({ table, column }: ChoiceColumn): string {
  return words.settings.columnOf(capital(column.replaceAll("_", " ").trim()), table);
}

export function keepDraft(of: ChoiceColumn, draft: ChoiceDraft | null): void {
  const others = Object.entries(drafts.get()).filter(([key]) => key !== keyOf(of));
  const own = draft === null ? [] : [[keyOf(of), draft] as const];
  drafts.set(Object.fromEntries([...others, ...own]));
}

export function draftOf({ choices, next, waiting, version }: ChoiceColumn): ChoiceDraft {
  const durations = (bound: "warn_seconds" | "late_seconds") =>
    Object.fromEntries(
      choices.map((choice) => {
        const bounds = waiting[choice];
        return [choice, bounds ? durationOf(bounds[bound]) : NO_DURATION] as const;
      }),
    );
  return { version, next, warn: durations("warn_seconds"), late: durations("late_seconds") };
}

/** With `on`, allows only listed steps, at first all of them; otherwise allows every step. */
export function restrict(draft: ChoiceDraft, choices: readonly string[], on: boolean): ChoiceDraft {
  const all = () =>
    Object.fromEntries(
      choices.map((from) => [from, choices.filter((choice) => choice !== from)] as const),
    );
  return { ...draft, next: on ? (draft.next ?? all()) : null };
}

/** Allows a step, as the last of the allowed ones, or forbids it. */
export function toggle(draft: ChoiceDraft, from: string, to: string): ChoiceDraft {
  const steps = draft.next?.[from] ?? [];
  const changed = steps.includes(to) ? steps.filter((step) => step !== to) : [...steps, to];
  return { ...draft, next: { ...draft.next, [from]: changed } };
}

/** Makes a step the usual one by moving it to the front. */
export function prefer(draft: ChoiceDraft, from: string, to: string): ChoiceDraft {
  const steps = draft.next?.[from] ?? [];
  return {
    ...draft,
    next: { ...draft.next, [from]: [to, ...steps.filter((step) => step !== to)] },
  };
}

/**
 * Returns the rules to send, without choices that no longer exist. Throws an error with a message for
 * the user.
 */
export function rulesOf(draft: ChoiceDraft, choices: readonly string[]): Rules {
  const waiting: Record<string, { warn_seconds: number; late_seconds: number }> = {};
  for (const choice of choices) {
    const warn = secondsOf(draft.warn[choice] ?? NO_DURATION);
    const late = secondsOf(draft.late[choice] ?? NO_DURATION);
    if (warn === null && late === null) continue;
    if (warn === null || late === null) throw new Error(words.settings.bothTimes(choice));
    if (Number.isNaN(warn) || Number.isNaN(late)) throw new Error(words.settings.aboveZero(choice));
    if (warn >= late) throw new Error(words.settings.warnFirst(choice));
    waiting[choice] = { warn_seconds: warn, late_seconds: late };
  }
  const { next } = draft;
  if (next === null) return { next, waiting };
  const known = (step: string) => choices.includes(step);
  return {
    next: Object.fromEntries(
      choices.map((choice) => [choice, (next[choice] ?? []).filter(known)] as const),
    ),
    waiting,
  };
}

/**
 * Returns the choices to which no step leads. The first choice is left out, because new rows have it.
 */
export const unreached = ({ next }: ChoiceDraft, choices: readonly string[]): readonly string[] =>
  next === null
    ? []
    : choices.slice(1).filter((choice) => !Object.values(next).some((to) => to.includes(choice)));

/** Whether a draft differs from the saved rules. */
export const isChanged = (draft: ChoiceDraft, saved: ChoiceColumn): boolean =>
  canonical(draft, saved.choices) !== canonical(draftOf(saved), saved.choices);

const canonical = ({ next, warn, late }: ChoiceDraft, choices: readonly string[]): string =>
  JSON.stringify(
    choices.map((choice) => [
      next && (next[choice] ?? []),
      String(secondsOf(warn[choice] ?? NO_DURATION)), // as text, because JSON has no NaN
      String(secondsOf(late[choice] ?? NO_DURATION)),
    ]),
  );
