import { Plus, X } from "lucide-react";
import { useId } from "react";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { words } from "@/words";
import type { Condition } from "../model/restriction";
import styles from "./settings.module.css";
import { useColumns } from "./use-settings";

interface RestrictionFieldsProps {
  value: readonly Condition[];
  onChange: (conditions: readonly Condition[]) => void;
}

/**
 * Selects which rows a user or program may see: all, or those with one of the given values in each
 * named column.
 */
export function RestrictionFields({ value, onChange }: RestrictionFieldsProps) {
  const columns = useColumns();
  const free = columns.find(({ name }) => value.every(({ column }) => column !== name));
  const set = (at: number, changed: Condition | null) =>
    onChange(value.flatMap((each, index) => (index === at ? (changed ?? []) : [each])));
  return (
    <fieldset className={styles.fields}>
      <legend>{words.settings.sees}</legend>
      {value.length === 0 && <p className={styles.hint}>{words.settings.allRows}</p>}
      {value.map((condition, at) => (
        <ConditionFields
          // Conditions have no identity other than their position.
          key={at}
          condition={condition}
          names={[...new Set([condition.column, ...columns.map(({ name }) => name)])]}
          examples={columns.find(({ name }) => name === condition.column)?.choices ?? []}
          onChange={(changed) => set(at, changed)}
        />
      ))}
      {free && (
        <Button
          className={styles.add}
          onClick={() => onChange([...value, { column: free.name, values: "" }])}
        >
          <Plus size={16} aria-hidden />
          {value.length === 0 ? words.settings.onlySome : words.settings.andOnly}
        </Button>
      )}
    </fieldset>
  );
}

interface ConditionFieldsProps {
  condition: Condition;
  names: readonly string[];
  examples: readonly string[];
  onChange: (changed: Condition | null) => void;
}

function ConditionFields({ condition, names, examples, onChange }: ConditionFieldsProps) {
  const id = useId();
  return (
    <div className={styles.condition}>
      <label htmlFor={`${id}-column`}>{words.settings.onlyWhose}</label>
      <select
        id={`${id}-column`}
        value={condition.column}
        onChange={(event) => onChange({ ...condition, column: event.target.value })}
      >
        {names.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
      <IconButton
        label={words.settings.removeCondition(condition.column)}
        onClick={() => onChange(null)}
      >
        <X size={16} aria-hidden />
      </IconButton>
      <label htmlFor={`${id}-values`}>{words.settings.isOneOf}</label>
      <textarea
        id={`${id}-values`}
        rows={Math.min(5, Math.max(2, condition.values.split("\n").length + 1))}
        placeholder={examples.slice(0, 3).join("\n")}
        value={condition.values}
        onChange={(event) => onChange({ ...condition, values: event.target.value })}
      />
    </div>
  );
}
