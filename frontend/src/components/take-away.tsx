import { Download, FileSpreadsheet, Printer } from "lucide-react";
import { useRef } from "react";
import { print, type ShownList } from "@/lib/printing";
import { words } from "@/words";
import { Button } from "./button";
import { Menu, MenuItem } from "./menu";
import styles from "./take-away.module.css";
import { type Toasts, useToasts } from "./toasts";

/** Not part of the first view. */
async function exported(list: ShownList, toasts: Toasts, running: AbortController): Promise<void> {
  try {
    await (await import("./export-list")).exportList(list, toasts, running);
  } catch {
    toasts.show({ tone: "bad", title: words.takeAway.failed, detail: words.takeAway.unreachable });
  }
}

interface TakeAwayProps {
  /** The list as it is shown when something is chosen. */
  list: () => ShownList;
}

/** Exports and prints everything that a list selects, also what is not loaded. */
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
