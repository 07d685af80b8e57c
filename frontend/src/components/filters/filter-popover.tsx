import { ChevronLeft } from "lucide-react";
import { type ReactElement, Suspense, useRef, useState } from "react";
import type { Filter } from "real-time-orders";
import { Popup } from "@/components/popup";
import { lazily } from "@/lib/lazily";
import { type Condition, withCondition } from "@/lib/conditions";
import type { HistoryStep } from "@/lib/route";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import styles from "./filter-popover.module.css";

const ConditionForm = lazily(() => import("./condition-form"), "ConditionForm");

export interface Filtered {
  conditions: Filter;
  onChange: (conditions: Filter, step?: HistoryStep) => void;
}

interface FilterPopoverProps extends Filtered {
  /** The column of the condition; null: the user chooses a column. */
  name: string | null;
  /** The button that opens the popover. */
  children: ReactElement;
}

/** A popover that sets the condition on one column of any table. */
export function FilterPopover({ name, children, conditions, onChange }: FilterPopoverProps) {
  const schema = useSchema();
  const [open, setOpen] = useState(false);
  /** All changes while the popover is open make one entry of the browser's history. */
  const hasChanged = useRef(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const column = schema.column(name ?? chosen ?? "");
  const offered = schema.columns.filter(
    ({ kind, nullable }) => nullable || (kind !== "json" && kind !== "array"),
  );
  function set(column: string, condition: Condition | null): void {
    onChange(withCondition(conditions, column, condition), hasChanged.current ? "same" : "new");
    hasChanged.current = true;
  }
  return (
    <Popup
      open={open}
      onOpenChange={(opens) => {
        setOpen(opens);
        hasChanged.current = false;
        setChosen(null);
      }}
      trigger={children}
      label={column ? words.filters.byColumn(schema.label(column.name)) : words.filters.by}
      align="start"
      className={styles.menu}
    >
      {column ? (
        <Suspense fallback={null}>
          {name === null && (
            <button type="button" className={styles.back} onClick={() => setChosen(null)}>
              <ChevronLeft size={16} aria-hidden />
              {schema.label(column.name)}
            </button>
          )}
          <ConditionForm
            key={column.name}
            column={column}
            label={schema.label(column.name)}
            condition={conditions[column.name]}
            onChange={(condition) => set(column.name, condition)}
            onDone={() => setOpen(false)}
          />
        </Suspense>
      ) : (
        offered.map((each) => (
          <button
            key={each.name}
            type="button"
            className={styles.column}
            title={each.comment ?? undefined}
            onClick={() => setChosen(each.name)}
          >
            {schema.label(each.name)}
          </button>
        ))
      )}
    </Popup>
  );
}
