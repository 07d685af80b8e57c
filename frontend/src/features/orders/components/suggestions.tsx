import { words } from "@/words";
import styles from "./editable-value.module.css";
import type { Suggested } from "./use-suggestions";

interface SuggestionsProps extends Pick<Suggested, "id" | "values" | "active"> {
  label: string;
  onChoose: (value: string) => void;
}

/** The list of suggestions below a field. The focus stays in the field. */
export function Suggestions({ id, values, active, label, onChoose }: SuggestionsProps) {
  if (values.length === 0) return null;
  return (
    <ul
      id={id}
      role="listbox"
      aria-label={words.editing.suggestions(label)}
      className={styles.list}
    >
      {values.map((value, at) => (
        <li
          key={value}
          id={`${id}-${at}`}
          role="option"
          aria-selected={at === active}
          dir="auto"
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onChoose(value)}
        >
          {value}
        </li>
      ))}
    </ul>
  );
}
