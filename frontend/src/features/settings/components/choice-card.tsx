import { RefusedError } from "real-time-orders";
import { useId, useState } from "react";
import { Problem } from "@/components/problem";
import { Button } from "@/components/button";
import { StatusBadge } from "@/components/status-badge";
import { useToasts } from "@/components/toasts";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import type { ChoiceColumn } from "../api/shapes";
import { removeChoice, saveRules } from "../api/system";
import {
  type ChoiceDraft,
  draftOf,
  drafts,
  isChanged,
  keepDraft,
  keyOf,
  prefer,
  restrict,
  rulesOf,
  titleOf,
  toggle,
  unreached,
} from "../model/choice-draft";
import { AddChoice } from "./add-choice";
import { ConfirmButton } from "./confirm-button";
import { DurationField } from "./duration-field";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useForm } from "@/lib/use-form";
import { reload } from "./use-settings";

/** The choices of one column: which may follow which, and how long rows may wait. */
export function ChoiceCard({ saved }: { saved: ChoiceColumn }) {
  const id = useId();
  const toasts = useToasts();
  const kept = useObservable(drafts)[keyOf(saved)];
  const draft = kept ?? draftOf(saved);
  const changed = kept !== undefined && isChanged(kept, saved);
  const other = changed && kept.version !== saved.version;
  const [statement, setStatement] = useState<string | null>(null);
  const { problem, busy, run, onSubmit } = useForm(async () => {
    try {
      await saveRules(saved, rulesOf(draft, saved.choices), draft.version);
      await reload("choices");
      keepDraft(saved, null);
      toasts.show({ tone: "good", title: words.settings.saved(titleOf(saved)) });
    } catch (error) {
      // Another admin has saved first. Their rules are loaded and shown beside the unsaved ones.
      if (!(error instanceof RefusedError && error.status === 412)) throw error;
      await reload("choices");
    }
  });
  const remove = (choice: string) =>
    run(async () => {
      setStatement((await removeChoice(saved, choice)).statement);
      await reload("choices");
    });
  const set = (next: ChoiceDraft) => keepDraft(saved, next);
  return (
    <li className={styles.card}>
      <form onSubmit={onSubmit} aria-labelledby={id}>
        <h3 id={id}>{titleOf(saved)}</h3>
        <label className={styles.option}>
          <input
            type="checkbox"
            checked={draft.next !== null}
            onChange={(event) => set(restrict(draft, saved.choices, event.target.checked))}
          />
          {words.settings.onlyChosen}
        </label>
        <ul className={styles.choices}>
          {saved.choices.map((choice) => (
            <ChoiceFields
              key={choice}
              {...{ choice, draft, set }}
              choices={saved.choices}
              isRemovable={!changed && !busy && saved.choices.length > 1}
              onRemove={() => remove(choice)}
            />
          ))}
        </ul>
        {other && (
          <p role="alert" className={styles.changed}>
            {words.settings.othersRules}{" "}
            <button type="button" onClick={() => keepDraft(saved, null)}>
              {words.settings.showTheirs}
            </button>{" "}
            <button type="button" onClick={() => set({ ...draft, version: saved.version })}>
              {words.settings.goOnWithMine}
            </button>
          </p>
        )}
        <Problem>{problem}</Problem>
        <div className={styles.actions}>
          <Button
            type="submit"
            kind={changed ? "primary" : "plain"}
            disabled={busy || !changed || other}
          >
            {busy ? words.settings.saving : words.do.save}
          </Button>
          {changed && (
            <Button onClick={() => keepDraft(saved, null)}>{words.settings.discard}</Button>
          )}
        </div>
      </form>
      {statement !== null && (
        <Secret label={words.settings.forOwner} value={statement} hint={words.settings.ownerRuns} />
      )}
      <AddChoice to={saved} />
    </li>
  );
}

interface ChoiceFieldsProps {
  choice: string;
  choices: readonly string[];
  draft: ChoiceDraft;
  set: (draft: ChoiceDraft) => void;
  /** Whether the choice can be removed: not while changes are unsaved. */
  isRemovable: boolean;
  onRemove: () => void;
}

function ChoiceFields(props: ChoiceFieldsProps) {
  const { choice, choices, draft, set, isRemovable, onRemove } = props;
  const id = useId();
  const steps = draft.next?.[choice] ?? [];
  return (
    <li className={styles.choice}>
      <div className={styles.named}>
        <StatusBadge status={choice} />
        <ConfirmButton
          label={words.settings.remove}
          name={words.settings.removeCondition(choice)}
          confirm={words.settings.removeSure(choice)}
          disabled={!isRemovable}
          onConfirm={onRemove}
        />
      </div>
      {unreached(draft, choices).includes(choice) && (
        <p className={styles.hint}>{words.settings.noStepHere(choice)}</p>
      )}
      {draft.next !== null && (
        <div className={styles.steps} role="group" aria-label={words.settings.stepsAfter(choice)}>
          {choices
            .filter((each) => each !== choice)
            .map((each) => (
              <button
                key={each}
                type="button"
                aria-pressed={steps.includes(each)}
                onClick={() => set(toggle(draft, choice, each))}
              >
                {each}
              </button>
            ))}
        </div>
      )}
      <div className={styles.terms}>
        {draft.next !== null && (
          <div className={styles.inline}>
            <label htmlFor={id}>{words.settings.usualStep}</label>
            <select
              id={id}
              disabled={steps.length === 0}
              value={steps[0] ?? ""}
              aria-label={words.settings.usualStepAfter(choice)}
              onChange={(event) => set(prefer(draft, choice, event.target.value))}
            >
              {steps.length === 0 && <option value="">{words.settings.endsHere}</option>}
              {steps
                .toSorted((a, b) => choices.indexOf(a) - choices.indexOf(b))
                .map((each) => (
                  <option key={each}>{each}</option>
                ))}
            </select>
          </div>
        )}
        {(["warn", "late"] as const).map((bound) => (
          <DurationField
            key={bound}
            label={words.settings[bound]}
            of={choice}
            value={draft[bound][choice]}
            onChange={(duration) =>
              set({ ...draft, [bound]: { ...draft[bound], [choice]: duration } })
            }
          />
        ))}
      </div>
    </li>
  );
}
