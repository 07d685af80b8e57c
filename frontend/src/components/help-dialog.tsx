import type { Rights } from "@/lib/rights";
import { type Words, words } from "@/words";
import { Button } from "./button";
import { Dialog } from "./dialog";
import dialog from "./dialog.module.css";
import styles from "./help-dialog.module.css";

const KEYS: readonly (readonly [
  keys: string,
  does: keyof Words["keyboard"],
  right?: keyof Rights,
])[] = [
  ["/", "search"],
  ["Enter", "toResults"],
  ["n", "newOrder", "write"],
  ["j", "next"],
  ["k", "previous"],
  ["← ↑ ↓ →", "cells"],
  ["Enter", "openOrEdit"],
  ["F2", "edit", "write"],
  ["Shift Enter", "sortAlso"],
  ["Shift ← →", "moveColumn"],
  ["+ − 0", "widths"],
  ["x", "select", "write"],
  ["e", "nextStatus", "write"],
  ["b", "actions", "write"],
  ["Ctrl A", "selectAll", "write"],
  ["Ctrl Z", "undo", "write"],
  ["p", "pause"],
  ["Esc", "closeOpen"],
  ["?", "help"],
];

/** Returns the keys' names as on a keyboard of the page's language. */
const keyNames = (keys: string): string =>
  keys
    .split(" ")
    .map((key) => KEY_NAMES[key]?.() ?? key)
    .join(" ");

const KEY_NAMES: Readonly<Partial<Record<string, () => string>>> = {
  Enter: () => words.keyboard.enterKey,
  Shift: () => words.keyboard.shiftKey,
  Ctrl: () => words.keyboard.controlKey,
  Esc: () => words.keyboard.escapeKey,
};

interface HelpDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  rights: Rights;
}

export function HelpDialog({ rights, ...root }: HelpDialogProps) {
  return (
    <Dialog title={words.keyboard.title} {...root}>
      <dl className={styles.keys}>
        {KEYS.filter(([, , right]) => right === undefined || rights[right]).map(([keys, does]) => (
          <div key={does}>
            <dt>
              <kbd>{keyNames(keys)}</kbd>
            </dt>
            <dd>{words.keyboard[does]}</dd>
          </div>
        ))}
      </dl>
      <div className={dialog.actions}>
        <Button onClick={() => root.onOpenChange(false)}>{words.do.close}</Button>
      </div>
    </Dialog>
  );
}
