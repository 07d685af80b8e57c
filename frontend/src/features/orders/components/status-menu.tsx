import { Check, ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { StatusBadge } from "@/components/status-badge";
import { Status, STATUSES } from "@/lib/protocol";
import styles from "./status-menu.module.css";

interface StatusMenuProps {
  status: Status;
  orderId: number;
  saving: boolean;
  onChange: (status: Status) => void;
}

export function StatusMenu({ status, orderId, saving, onChange }: StatusMenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
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
          <DropdownMenu.RadioGroup
            value={status}
            onValueChange={(value) => {
              const chosen = Status.parse(value);
              if (chosen !== status) onChange(chosen);
            }}
          >
            {STATUSES.map((choice) => (
              <DropdownMenu.RadioItem key={choice} value={choice} className={styles.item}>
                <StatusBadge status={choice} />
                <DropdownMenu.ItemIndicator className={styles.check}>
                  <Check size={16} aria-hidden />
                </DropdownMenu.ItemIndicator>
              </DropdownMenu.RadioItem>
            ))}
          </DropdownMenu.RadioGroup>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
