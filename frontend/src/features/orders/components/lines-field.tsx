import { Plus, X } from "lucide-react";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import { lineColumns, lineField } from "../model/new-order";
import type { DraftErrors, OrderDraft } from "../model/order-draft";
import { Field } from "./field";
import styles from "./lines-field.module.css";

interface LinesFieldProps {
  child: OrderSchema;
  lines: readonly OrderDraft[];
  errors: DraftErrors;
  onChange: (lines: readonly OrderDraft[]) => void;
}

/** The lines of a new order in one child table. */
export function LinesField({ child, lines, errors, onChange }: LinesFieldProps) {
  const { name } = child.table;
  const columns = lineColumns(child);
  return (
    <fieldset className={styles.lines}>
      <legend>{child.title}</legend>
      {lines.map((line, at) => (
        // New lines have no key yet, so their place identifies them.
        <div
          key={at}
          className={styles.line}
          role="group"
          aria-label={words.lines.nth(child.title, at + 1)}
        >
          {columns.map((column) => (
            <Field
              key={column.name}
              table={name}
              column={column}
              name={lineField(name, at, column.name)}
              label={child.label(column.name)}
              multiline={column.kind === "json"}
              value={line[column.name] ?? ""}
              error={errors[lineField(name, at, column.name)]}
              onChange={(value) => onChange(lines.with(at, { ...line, [column.name]: value }))}
            />
          ))}
          <IconButton
            label={words.lines.removeNth(child.title, at + 1)}
            title={words.lines.remove}
            onClick={() => onChange(lines.toSpliced(at, 1))}
          >
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      ))}
      <Button onClick={() => onChange([...lines, {}])} aria-label={words.lines.addTo(child.title)}>
        <Plus size={14} aria-hidden />
        {child.title}
      </Button>
    </fieldset>
  );
}
