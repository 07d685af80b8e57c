import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { lazy, Suspense } from "react";
import { IconButton } from "@/components/icon-button";
import styles from "./column-chooser.module.css";

const ViewSettings = lazy(async () => ({
  default: (await import("./view-settings")).ViewSettings,
}));

/** How the table looks: its columns, their order, density and theme. */
export function ColumnChooser() {
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton className={styles.trigger} label="Columns" title="Columns and look">
          <Columns3 size={16} aria-hidden />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className={styles.menu} sideOffset={6} align="end" aria-label="Columns">
          <Suspense>
            <ViewSettings />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
