import { Dialog } from "radix-ui";
import { useState } from "react";
import dialog from "@/components/dialog.module.css";
import { EMPTY_DRAFT } from "../model/order-draft";
import { NewOrderForm } from "./new-order-form";

interface NewOrderDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Keeps what is being typed, also while it is closed. */
export function NewOrderDialog({ open, onOpenChange }: NewOrderDialogProps) {
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className={dialog.overlay} />
        <Dialog.Content className={dialog.content} aria-describedby={undefined}>
          <Dialog.Title className={dialog.title}>New order</Dialog.Title>
          <NewOrderForm
            draft={draft}
            onDraft={setDraft}
            onDone={() => {
              setDraft(EMPTY_DRAFT);
              onOpenChange(false);
            }}
            onCancel={() => onOpenChange(false)}
          />
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
