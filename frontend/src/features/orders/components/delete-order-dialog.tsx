import { AlertDialog } from "radix-ui";
import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import type { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";

interface DeleteOrderDialogProps {
  order: Order | null;
  onCancel: () => void;
  onConfirm: (order: Order) => void;
}

export function DeleteOrderDialog({ order, onCancel, onConfirm }: DeleteOrderDialogProps) {
  if (!order) return null;
  return (
    <AlertDialog.Root open onOpenChange={onCancel}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={dialog.overlay} />
        <AlertDialog.Content className={dialog.content}>
          <AlertDialog.Title className={dialog.title}>Delete order #{order.id}?</AlertDialog.Title>
          <AlertDialog.Description className={dialog.description}>
            {shortened(order.product_name)} for {shortened(order.customer_name)}. It goes for
            everyone, and cannot be brought back here.
          </AlertDialog.Description>
          <div className={dialog.actions}>
            <AlertDialog.Cancel asChild>
              <Button>Keep it</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button kind="danger" onClick={() => onConfirm(order)}>
                Delete order
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
