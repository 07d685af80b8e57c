import { type ReactNode, useState } from "react";
import type { Column } from "real-time-orders";
import { Button } from "@/components/button";
import { Problem } from "@/components/problem";
import {
  conditionOf,
  type Draft,
  draftOf,
  type Mode,
  modesOf,
  offeredValues,
  problemOf,
} from "@/lib/condition-draft";
import { PERIODS } from "@/lib/condition-text";
import type { Condition } from "@/lib/conditions";
import { isTime } from "@/lib/days";
import { formatValue, visibleStatus } from "@/lib/format";
import { words } from "@/words";
import styles from "./condition-form.module.css";

interface ConditionFormProps {
  column: Column;
  label: string;
  condition: Condition | undefined;
  onChange: (condition: Condition | null) => void;
  onDone: () => void;
}

/** The form for a condition on a column of any kind. Choices apply at once, typed values with Enter. */
export function ConditionForm({ column, label, condition, onChange, onDone }: ConditionFormProps) {
  const [draft, setDraft] = useState(() => draftOf(condition, column));
  const [problem, setProblem] = useState<string | null>(null);
  const modes = modesOf(column);

  function change(part: Partial<Draft>): void {
    setDraft({ ...draft, ...part });
    setProblem(null);
  }
  function choose(part: Partial<Draft>): void {
    change(part);
    onChange(conditionOf({ ...draft, ...part }, column));
  }
  function setMode(mode: Mode): void {
    if (mode === "empty" || mode === "filled" || isOfValues(mode)) choose({ mode });
    else change({ mode });
  }
  function apply(): void {
    const found = problemOf(draft, column);
    setProblem(found);
    if (found !== null) return;
    onChange(conditionOf(draft, column));
    onDone();
  }

  return (
    <form
      className={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        apply();
      }}
    >
      <select
        aria-label={words.filters.condition(label)}
        value={draft.mode}
        onChange={(event) => setMode(event.target.value as Mode)}
      >
        {modes.map((mode) => (
          <option key={mode} value={mode}>
            {words.filters.modes[mode]}
          </option>
        ))}
      </select>
      <Inputs {...{ column, label, draft, change, choose }} />
      <Problem>{problem}</Problem>
      <div className={styles.actions}>
        {condition !== undefined && (
          <Button
            onClick={() => {
              onChange(null);
              onDone();
            }}
          >
            {words.filters.remove}
          </Button>
        )}
        <Button kind="primary" type="submit">
          {words.filters.done}
        </Button>
      </div>
    </form>
  );
}

const isOfValues = (mode: Mode): boolean => mode === "any of" || mode === "none of";

interface InputsProps {
  column: Column;
  label: string;
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  choose: (part: Partial<Draft>) => void;
}

function Inputs({ column, label, draft, change, choose }: InputsProps): ReactNode {
  const { mode, values } = draft;
  if (isOfValues(mode)) {
    return (
      <fieldset className={styles.values}>
        <legend className="visually-hidden">{label}</legend>
        {offeredValues(column).map((value) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={values.includes(value)}
              onChange={() => choose({ values: toggled(values, value) })}
            />
            <bdi>{valueWords(value, column)}</bdi>
          </label>
        ))}
      </fieldset>
    );
  }
  if (mode === "between") {
    return (
      <>
        {isTime(column) && <Periods {...{ label, draft, choose }} />}
        {draft.period === "" && <Bounds {...{ column, draft, change }} />}
      </>
    );
  }
  if (mode === "empty" || mode === "filled") return null;
  return (
    <input
      type="text"
      aria-label={label}
      autoFocus
      dir="auto"
      autoComplete="off"
      maxLength={200}
      value={draft.text}
      onChange={(event) => change({ text: event.target.value })}
    />
  );
}

function Periods({ label, draft, choose }: Pick<InputsProps, "label" | "draft" | "choose">) {
  return (
    <fieldset className={styles.values}>
      <legend className="visually-hidden">{label}</legend>
      {[...PERIODS.map(({ name }) => name), "" as const].map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="period"
            checked={draft.period === name}
            onChange={() => choose({ period: name })}
          />
          {name === "" ? words.filters.dayToDay : words.filters.periods[name]}
        </label>
      ))}
    </fieldset>
  );
}

function Bounds({ column, draft, change }: Pick<InputsProps, "column" | "draft" | "change">) {
  const type = isTime(column) ? "date" : "text";
  const inputMode = column.kind === "integer" ? "numeric" : "decimal";
  return (
    <div className={styles.bounds}>
      {(["from", "to"] as const).map((side) => (
        <label key={side}>
          {words.filters[side]}
          <input
            {...{ type, inputMode }}
            autoComplete="off"
            value={draft[side]}
            onChange={(event) => change({ [side]: event.target.value })}
          />
        </label>
      ))}
    </div>
  );
}

const toggled = <T,>(values: readonly T[], value: T): readonly T[] =>
  values.includes(value) ? values.filter((each) => each !== value) : [...values, value];

function valueWords(value: string | null, column: Column): string {
  if (value === null) return words.values.emptyName;
  return column.kind === "boolean" ? formatValue(value === "true", column) : visibleStatus(value);
}
