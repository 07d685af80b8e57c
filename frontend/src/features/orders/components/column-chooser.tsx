import { Columns3 } from "lucide-react";
import { Suspense } from "react";
import { IconButton } from "@/components/icon-button";
import { Popup } from "@/components/popup";
import { lazily } from "@/lib/lazily";
import { words } from "@/words";
import styles from "./column-chooser.module.css";

const ViewSettings = lazily(() => import("./view-settings"), "ViewSettings");

/** Menu for the look of the table: its columns, their order, density and theme. */
export function ColumnChooser() {
  return (
    <Popup
      label={words.look.columns}
      align="end"
      className={styles.menu}
      trigger={
        <IconButton
          className={styles.trigger}
          label={words.look.columns}
          title={words.look.columnsAndLook}
        >
          <Columns3 size={16} aria-hidden />
        </IconButton>
      }
    >
      <Suspense>
        <ViewSettings />
      </Suspense>
    </Popup>
  );
}
