import { Download, FileSpreadsheet, Printer } from "lucide-react";
import { useRef } from "react";
import { print, type ShownList } from "@/lib/printing";
import { words } from "@/words";
import { Button } from "./button";
import { Menu, MenuItem } from "./menu";
import styles from "./take-away.module.css";
import { type Toasts, useToasts } from "./toasts";

/** Loads the code for exports on first use. */
async function exported(list: ShownList, toasts: Toasts, running: AbortController): Promise<void> {
  try {
    await (await import("./export-list")).exportList(list, toasts, running);
  } catch {
    toasts.show({ tone: "bad", title: words.takeAway.failed, detail: words.takeAway.unreachable });
  }
}

interface TakeAwayProps {
  /** Returns the list as it is shown when the user chooses an action. */
  list: () => ShownList;
}

/** A menu that exports or prints all rows of a list, including those not loaded. */
export function TakeAway({ list }: TakeAwayProps) {
  const toasts = useToasts();
  const running = useRef<AbortController | null>(null);
  return (
    <Menu
      aria-label={words.takeAway.export}
      align="end"
      trigger={
        <Button
          className={styles.trigger}
          aria-label={words.takeAway.export}
          title={words.takeAway.exportOrPrint}
        >
          <Download size={16} aria-hidden />
          <span className={styles.word}>{words.takeAway.export}</span>
        </Button>
      }
    >
      <MenuItem
        onSelect={() => {
          running.current?.abort();
          running.current = new AbortController();
          void exported(list(), toasts, running.current);
        }}
      >
        <FileSpreadsheet size={16} aria-hidden />
        {words.takeAway.spreadsheet}
      </MenuItem>
      <MenuItem onSelect={() => print({ kind: "list", ...list() })}>
        <Printer size={16} aria-hidden />
        {words.takeAway.printList}
      </MenuItem>
    </Menu>
  );
}
