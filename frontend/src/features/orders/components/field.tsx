import { type ComponentProps, useId } from "react";
import type { Column } from "real-time-orders";
import { formatValue } from "@/lib/format";
import { isRequired } from "@/lib/schema";
import { words } from "@/words";
import styles from "./field.module.css";

interface FieldProps {
  column: Column;
  label: string;
  value: string;
  placeholder?: string | undefined;
  multiline?: boolean;
  /** Default: the column's. */
  name?: string;
  error: string | undefined;
  onChange: (value: string) => void;
}

/** The form field of any kind of column. */
export function Field({ column, label, error, name = column.name, ...input }: FieldProps) {
  const id = useId();
  const { comment } = column;
  const described = [comment && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div className={styles.field}>
      <label htmlFor={id}>
        {label}
        {!isRequired(column) && <span className={styles.optional}>{words.editing.optional}</span>}
      </label>
      <Control
        {...input}
        column={column}
        id={id}
        name={name}
        aria-invalid={error !== undefined}
        aria-required={isRequired(column)}
        aria-describedby={described || undefined}
      />
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

/** A column of longer texts gets a field that grows. */
const ONE_LINE = 200;

type Shared = "id" | "name" | "aria-label" | "aria-invalid" | "aria-required" | "aria-describedby";

interface ControlProps extends Pick<ComponentProps<"input">, Shared> {
  column: Column;
  value: string;
  placeholder?: string | undefined;
  /** Whether a text may have several lines; default: as the column suggests. */
  multiline?: boolean;
  /** What the choice of no value is called; null: there must be one. */
  empty?: string | null;
  /** The attributes of a field with suggestions. */
  combobox?: ComponentProps<"input"> | undefined;
  onChange: (value: string) => void;
}

/** The control for any kind of column. */
export function Control(props: ControlProps) {
  const { column, placeholder, multiline, empty, combobox, onChange, ...rest } = props;
  const { kind, choices, max_length } = column;
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
  const isLong = kind === "text" && (max_length == null || max_length > ONE_LINE);
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
