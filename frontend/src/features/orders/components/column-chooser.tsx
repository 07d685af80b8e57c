import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { IconButton } from "@/components/icon-button";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { isShown, offeredColumns } from "../model/table-columns";
import styles from "./column-chooser.module.css";
import { useOrders } from "./orders-context";

/** Chooses the columns that the table shows. */
export function ColumnChooser() {
  const { columns } = useOrders();
  const differing = useObservable(columns.state);
  const offered = offeredColumns(useSchema());
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton className={styles.trigger} label="Columns" title="Columns">
          <Columns3 size={16} aria-hidden />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className={styles.menu} sideOffset={6} align="end" aria-label="Columns">
          {offered.map((column) => (
            <label key={column.name} title={column.column?.comment ?? undefined}>
              <input
                type="checkbox"
                checked={isShown(column, differing)}
                onChange={() => columns.toggle(column)}
              />
              {column.label}
            </label>
          ))}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
