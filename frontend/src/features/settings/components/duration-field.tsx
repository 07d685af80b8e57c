import { useId } from "react";
import { words } from "@/words";
import { type Duration, NO_DURATION, type Unit, UNITS } from "../model/duration";
import styles from "./settings.module.css";

interface DurationFieldProps {
  label: string;
  /** The choice to which the duration applies. */
  of: string;
  value: Duration | undefined;
  onChange: (duration: Duration) => void;
}

export function DurationField({ label, of, value = NO_DURATION, onChange }: DurationFieldProps) {
  const id = useId();
  return (
    <div className={styles.inline}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        inputMode="decimal"
        placeholder={words.settings.never}
        autoComplete="off"
        aria-label={`${of}: ${words.midSentence(label)}`}
        value={value.amount}
        onChange={(event) => onChange({ ...value, amount: event.target.value })}
      />
      <select
        value={value.unit}
        aria-label={words.settings.unitOf(of, words.midSentence(label))}
        onChange={(event) => onChange({ ...value, unit: event.target.value as Unit })}
      >
        {(Object.keys(UNITS) as Unit[]).map((unit) => (
          <option key={unit} value={unit}>
            {words.settings.units[unit]}
          </option>
        ))}
      </select>
    </div>
  );
}
