import type { Rights } from "@/lib/rights";
import { Button } from "./button";
import { Dialog } from "./dialog";
import dialog from "./dialog.module.css";
import styles from "./help-dialog.module.css";

const KEYS: readonly (readonly [keys: string, does: string, right?: keyof Rights])[] = [
  ["/", "Search orders"],
  ["Enter", "From the search to the first order found"],
  ["n", "New order", "write"],
  ["j", "Next order"],
  ["k", "Previous order"],
  ["← ↑ ↓ →", "Go through the cells"],
  ["Enter", "Open the order, or edit the value"],
  ["F2", "Edit the value", "write"],
  ["Shift Enter", "On a heading: sort by this column as well"],
  ["Shift ← →", "On a heading: move the column"],
  ["+ − 0", "On a heading: wider, narrower, usual width"],
  ["x", "Select the order", "write"],
  ["e", "Take the order, or those selected, to the next status", "write"],
  ["b", "Go to the actions on the selected orders", "write"],
  ["Ctrl A", "Select every order that matches", "write"],
  ["Ctrl Z", "Undo the last change", "write"],
  ["p", "Pause or resume the activity list"],
  ["Esc", "Close what is open"],
  ["?", "Show this help"],
];

interface HelpDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  rights: Rights;
}

export function HelpDialog({ rights, ...root }: HelpDialogProps) {
  return (
    <Dialog title="Keyboard" {...root}>
      <dl className={styles.keys}>
        {KEYS.filter(([, , right]) => right === undefined || rights[right]).map(([keys, does]) => (
          <div key={does}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <div className={dialog.actions}>
        <Button onClick={() => root.onOpenChange(false)}>Close</Button>
      </div>
    </Dialog>
  );
}
