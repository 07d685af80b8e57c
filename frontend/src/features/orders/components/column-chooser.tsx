import { Columns3 } from "lucide-react";
import { Popover } from "radix-ui";
import { lazy, Suspense } from "react";
import { IconButton } from "@/components/icon-button";
import { words } from "@/words";
import styles from "./column-chooser.module.css";

const ViewSettings = lazy(async () => ({
  default: (await import("./view-settings")).ViewSettings,
}));

/** How the table looks: its columns, their order, density and theme. */
export function ColumnChooser() {
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton
          className={styles.trigger}
          label={words.look.columns}
          title={words.look.columnsAndLook}
        >
          <Columns3 size={16} aria-hidden />
        </IconButton>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.menu}
          sideOffset={6}
          align="end"
          collisionPadding={8}
          aria-label={words.look.columns}
        >
          <Suspense>
            <ViewSettings />
          </Suspense>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
