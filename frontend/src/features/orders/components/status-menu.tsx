import { ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { StatusBadge } from "@/components/status-badge";
import type { Status } from "@/lib/protocol";
import { nextStatuses } from "../model/next-status";
import styles from "./status-menu.module.css";

interface StatusMenuProps {
  status: Status;
  orderId: number;
  saving: boolean;
  onChange: (status: Status) => void;
  onOpenChange?: ((open: boolean) => void) | undefined;
}

/** The status, and where it can sensibly go from there. */
export function StatusMenu({ status, orderId, saving, onChange, onOpenChange }: StatusMenuProps) {
  const choices = nextStatuses(status);
  if (choices.length === 0) return <StatusBadge status={status} />;
  return (
    <DropdownMenu.Root modal={false} onOpenChange={(open) => onOpenChange?.(open)}>
      <DropdownMenu.Trigger
        className={styles.trigger}
        aria-label={`Order ${orderId} is ${status}. Change status`}
        aria-busy={saving}
      >
        <StatusBadge status={status}>
          <ChevronDown size={14} aria-hidden className={styles.chevron} />
        </StatusBadge>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className={styles.menu}
          align="start"
          sideOffset={4}
          collisionPadding={8}
        >
          <DropdownMenu.Label className={styles.label}>Change to</DropdownMenu.Label>
          {choices.map((choice) => (
            <DropdownMenu.Item
              key={choice}
              className={styles.item}
              onSelect={() => onChange(choice)}
            >
              <StatusBadge status={choice} />
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
