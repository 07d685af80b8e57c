import { Dialog } from "radix-ui";
import type { Rights } from "@/lib/rights";
import { Button } from "./button";
import dialog from "./dialog.module.css";
import styles from "./help-dialog.module.css";

const KEYS: readonly (readonly [keys: string, does: string, right?: keyof Rights])[] = [
  ["/", "Search orders"],
  ["n", "New order", "write"],
  ["j", "Next order"],
  ["k", "Previous order"],
  ["Enter", "Open the order"],
  ["x", "Select the order", "write"],
  ["p", "Pause or go on with the activity"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];

interface HelpDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  rights: Rights;
}

export function HelpDialog({ open, onOpenChange, rights }: HelpDialogProps) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={dialog.overlay} />
        <Dialog.Content className={dialog.content} aria-describedby={undefined}>
          <Dialog.Title className={dialog.title}>Keyboard</Dialog.Title>
          <dl className={styles.keys}>
            {KEYS.filter(([, , right]) => right === undefined || rights[right]).map(
              ([keys, does]) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{does}</dd>
                </div>
              ),
            )}
          </dl>
          <div className={dialog.actions}>
            <Dialog.Close asChild>
              <Button>Close</Button>
            </Dialog.Close>
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
