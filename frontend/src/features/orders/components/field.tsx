import { type ComponentProps, type KeyboardEvent, useId, useState } from "react";
import type { Column } from "real-time-orders";
import { formatValue } from "@/lib/format";
import { isRequired } from "@/lib/schema";
import { words } from "@/words";
import styles from "@/components/field.module.css";
import { Suggestions } from "./suggestions";
import { useSuggestions } from "./use-suggestions";

interface FieldProps {
  /** The table in whose rows values are looked up for suggestions. */
  table: string;
  column: Column;
  label: string;
  value: string;
  /** Default: a note that the database has a default value, if it has one. */
  placeholder?: string | undefined;
  multiline?: boolean;
  /** Default: the column's name. */
  name?: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** The form field for any kind of column. */
export function Field(props: FieldProps) {
  const { table, column, label, error, name = column.name, placeholder, ...input } = props;
  const id = useId();
  const [initial] = useState(input.value);
  const [closedAt, setClosedAt] = useState<string | null>(null);
  const suggestions = useSuggestions(table, isOneLine(column) ? column.name : null, {
    text: input.value,
    initial,
  });
  const isOpen = suggestions.values.length > 0 && closedAt !== input.value;

  function choose(value: string): void {
    setClosedAt(value);
    input.onChange(value);
  }

  function press(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return;
    if (suggestions.press(event)) {
      setClosedAt(null);
      return;
    }
    if (event.key === "Enter" && isOpen && suggestions.chosen !== null) choose(suggestions.chosen);
    else if (event.key === "Escape" && isOpen) setClosedAt(input.value);
    else return;
    event.preventDefault();
    event.stopPropagation(); // the form must not react to this key too
  }

  const { comment } = column;
  const described = [comment && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.field} onKeyDown={press}>
      <label htmlFor={id}>
        {label}
        {!isRequired(column) && <span className={styles.optional}>{words.editing.optional}</span>}
      </label>
      <Control
        {...input}
        column={column}
        placeholder={placeholder ?? (column.default ? words.editing.default : "")}
        id={id}
        name={name}
        aria-invalid={error !== undefined}
        aria-required={isRequired(column)}
        aria-describedby={described || undefined}
        combobox={suggestions.attributes && { ...suggestions.attributes, "aria-expanded": isOpen }}
      />
      <div className={styles.suggestions}>
        {isOpen && <Suggestions {...suggestions} label={label} onChoose={choose} />}
      </div>
      {comment && (
        <p id={`${id}-hint`} className={styles.hint}>
          {comment}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className={styles.error}>
          {error}
        </p>
      )}
    </div>
  );
}

/** A text column whose limit is longer than this gets a field that grows. */
const ONE_LINE = 200;
const isOneLine = ({ kind, max_length }: Column): boolean =>
  kind === "text" && max_length != null && max_length <= ONE_LINE;

type Shared = "id" | "name" | "aria-label" | "aria-invalid" | "aria-required" | "aria-describedby";

interface ControlProps extends Pick<ComponentProps<"input">, Shared> {
  column: Column;
  value: string;
  placeholder?: string | undefined;
  /** Whether the text may have several lines; default: depends on the column. */
  multiline?: boolean;
  /** The label of the choice without a value; null: a value is required. */
  empty?: string | null;
  /** Attributes of a field with suggestions. */
  combobox?: ComponentProps<"input"> | undefined;
  onChange: (value: string) => void;
}

/** The control for any kind of column. */
export function Control(props: ControlProps) {
  const { column, placeholder, multiline, empty, combobox, onChange, ...rest } = props;
  const { kind, choices } = column;
  const change = (event: { target: { value: string } }) => onChange(event.target.value);
  if (kind === "choice" || kind === "boolean") {
    const options = kind === "boolean" ? ["true", "false"] : (choices ?? []);
    return (
      <select {...rest} onChange={change}>
        {empty !== null && (
          <option value="">{empty ?? (column.default ? words.editing.default : "–")}</option>
        )}
        {options.map((option) => (
          <option key={option} value={option}>
            {kind === "boolean" ? formatValue(option === "true") : option}
          </option>
        ))}
      </select>
    );
  }
  const isLong = kind === "text" && !isOneLine(column);
  if (multiline ?? (isLong || kind === "json" || kind === "array")) {
    return (
      <textarea
        {...rest}
        placeholder={placeholder}
        rows={kind === "json" ? 3 : 1}
        dir="auto"
        spellCheck={kind === "text"}
        data-code={kind !== "text"}
        autoComplete="off"
        onChange={change}
      />
    );
  }
  const type = INPUTS[kind];
  return (
    <input
      {...rest}
      {...type}
      {...combobox}
      {...{ placeholder }}
      dir="auto"
      autoComplete="off"
      onChange={change}
    />
  );
}

const INPUTS: Readonly<Partial<Record<Column["kind"], ComponentProps<"input">>>> = {
  integer: { inputMode: "numeric" },
  number: { inputMode: "decimal" },
  date: { type: "date" },
  timestamp: { type: "datetime-local", step: 1 },
  uuid: { spellCheck: false },
};
