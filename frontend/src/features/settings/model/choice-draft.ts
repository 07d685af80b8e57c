/** What an admin is changing about the choices of a column, until it is saved. */
import { Observable } from "real-time-orders";
import { capital } from "@/lib/format";
import { words } from "@/words";
import type { ChoiceColumn } from "../api/shapes";
import type { Rules } from "../api/system";
import { type Duration, durationOf, NO_DURATION, secondsOf } from "./duration";

export interface ChoiceDraft {
  /** Of the rules that the changes began with. */
  readonly version: string;
  /** For each choice those that may follow, the usual one first; null: any may follow any. */
  readonly next: Readonly<Record<string, readonly string[]>> | null;
  readonly warn: Readonly<Record<string, Duration>>;
  readonly late: Readonly<Record<string, Duration>>;
}

/** Unsaved changes by column: they outlive a look at another section, or at the orders. */
export const drafts = new Observable<Readonly<Record<string, ChoiceDraft>>>({});

export const keyOf = ({ table, column }: ChoiceColumn): string => `${table}.${column}`;

/** `status` of `orders`, in words. */
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

/** Only the given steps, beginning with all there are; or any step. */
export function restrict(draft: ChoiceDraft, choices: readonly string[], on: boolean): ChoiceDraft {
  const all = () =>
    Object.fromEntries(
      choices.map((from) => [from, choices.filter((choice) => choice !== from)] as const),
    );
  return { ...draft, next: on ? (draft.next ?? all()) : null };
}

/** Allow a step, after those that are allowed, or forbid it. */
export function toggle(draft: ChoiceDraft, from: string, to: string): ChoiceDraft {
  const steps = draft.next?.[from] ?? [];
  const changed = steps.includes(to) ? steps.filter((step) => step !== to) : [...steps, to];
  return { ...draft, next: { ...draft.next, [from]: changed } };
}

/** Make a step the usual one, which is the first. */
export function prefer(draft: ChoiceDraft, from: string, to: string): ChoiceDraft {
  const steps = draft.next?.[from] ?? [];
  return {
    ...draft,
    next: { ...draft.next, [from]: [to, ...steps.filter((step) => step !== to)] },
  };
}

/** What is sent; throws an error with a sentence for people. Rules of choices that are gone go, too. */
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

/** Choices that no step leads to, but for the first one, which new rows have. */
export const unreached = ({ next }: ChoiceDraft, choices: readonly string[]): readonly string[] =>
  next === null
    ? []
    : choices.slice(1).filter((choice) => !Object.values(next).some((to) => to.includes(choice)));

/** Whether a draft says something else than what is saved. */
export const isChanged = (draft: ChoiceDraft, saved: ChoiceColumn): boolean =>
  canonical(draft, saved.choices) !== canonical(draftOf(saved), saved.choices);

const canonical = ({ next, warn, late }: ChoiceDraft, choices: readonly string[]): string =>
  JSON.stringify(
    choices.map((choice) => [
      next && (next[choice] ?? []),
      String(secondsOf(warn[choice] ?? NO_DURATION)), // also of what is no number
      String(secondsOf(late[choice] ?? NO_DURATION)),
    ]),
  );
