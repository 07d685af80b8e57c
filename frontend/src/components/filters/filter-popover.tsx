import { ChevronLeft } from "lucide-react";
import { Popover } from "radix-ui";
import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import type { Filter, Table } from "real-time-orders";
import { type Condition, withCondition } from "@/lib/conditions";
import type { HistoryStep } from "@/lib/route";
import { words } from "@/words";
import styles from "./filter-popover.module.css";

const ConditionForm = lazy(async () => ({
  default: (await import("./condition-form")).ConditionForm,
}));

export interface FilteredTable {
  table: Pick<Table, "columns">;
  conditions: Filter;
  /** A column in words. */
  label: (name: string) => string;
  onChange: (conditions: Filter, step?: HistoryStep) => void;
}

interface FilterPopoverProps extends FilteredTable {
  /** The column whose condition is edited; null: the reader chooses one. */
  name: string | null;
  /** The button that opens it. */
  children: ReactNode;
}

/** Sets the condition on one column of any table. */
export function FilterPopover({ name, children, ...filtered }: FilterPopoverProps) {
  const { table, conditions, label, onChange } = filtered;
  const [open, setOpen] = useState(false);
  /** What is chosen one after the other is one entry of the browser's history. */
  const hasChanged = useRef(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const column = table.columns.find((each) => each.name === (name ?? chosen));
  const offered = table.columns.filter(
    ({ kind, nullable }) => nullable || (kind !== "json" && kind !== "array"),
  );
  function set(column: string, condition: Condition | null): void {
    onChange(withCondition(conditions, column, condition), hasChanged.current ? "same" : "new");
    hasChanged.current = true;
  }
  return (
    <Popover.Root
      open={open}
      onOpenChange={(opens) => {
        setOpen(opens);
        hasChanged.current = false;
        setChosen(null);
      }}
    >
      <Popover.Trigger asChild>{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.menu}
          sideOffset={6}
          align="start"
          collisionPadding={8}
          aria-label={column ? words.filters.byColumn(label(column.name)) : words.filters.by}
        >
          {column ? (
            <Suspense fallback={null}>
              {name === null && (
                <button type="button" className={styles.back} onClick={() => setChosen(null)}>
                  <ChevronLeft size={16} aria-hidden />
                  {label(column.name)}
                </button>
              )}
              <ConditionForm
                key={column.name}
                column={column}
                label={label(column.name)}
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
                {label(each.name)}
              </button>
            ))
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
