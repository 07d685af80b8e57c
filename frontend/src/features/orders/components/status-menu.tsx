import { ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { StatusBadge } from "@/components/status-badge";
import type { Status } from "@/lib/protocol";
import { nextStatuses } from "../model/next-status";
import { useOrders } from "./orders-context";
import styles from "./status-menu.module.css";

interface StatusMenuProps {
  status: Status;
  orderId: number;
  saving: boolean;
  onChange: (status: Status) => void;
  onOpenChange?: ((open: boolean) => void) | undefined;
}

/** Once the menu itself has taken the focus. */
function focusOnce(item: HTMLElement | null): void {
  requestAnimationFrame(() => item?.focus());
}

/**
 * The status, and where it can sensibly go from there. The menu is made when it is opened: a table
 * that is scrolled draws thirty of these at a time, and closed menus were most of their cost.
 */
export function StatusMenu({ status, orderId, saving, onChange, onOpenChange }: StatusMenuProps) {
  const [open, setOpen] = useState(false);
  const [byKeyboard, setByKeyboard] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { rights } = useOrders();
  const choices = rights.write ? nextStatuses(status) : [];
  if (choices.length === 0) return <StatusBadge status={status} />;

  function change(opened: boolean): void {
    setOpen(opened);
    onOpenChange?.(opened);
  }

  return (
    <div className={styles.box}>
      <button
        ref={button}
        type="button"
        className={styles.trigger}
        aria-label={`Order ${orderId} is ${status}. Change status`}
        aria-busy={saving}
        aria-haspopup="menu"
        aria-expanded={open}
        onClick={({ detail }) => {
          setByKeyboard(detail === 0); // no button of a mouse was counted
          change(true);
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          setByKeyboard(true);
          change(true);
        }}
      >
        <StatusBadge status={status}>
          <ChevronDown size={14} aria-hidden className={styles.chevron} />
        </StatusBadge>
      </button>
      {open && (
        <DropdownMenu.Root open modal={false} onOpenChange={change}>
          <DropdownMenu.Trigger asChild>
            <span className={styles.anchor} aria-hidden />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content
              className={styles.menu}
              aria-label="Change to"
              align="start"
              sideOffset={4}
              collisionPadding={8}
              onCloseAutoFocus={(event) => {
                event.preventDefault();
                button.current?.focus({ preventScroll: true });
              }}
            >
              <DropdownMenu.Label className={styles.label}>Change to</DropdownMenu.Label>
              {choices.map((choice, at) => (
                <DropdownMenu.Item
                  key={choice}
                  ref={byKeyboard && at === 0 ? focusOnce : undefined}
                  className={styles.item}
                  onSelect={() => onChange(choice)}
                >
                  <StatusBadge status={choice} />
                </DropdownMenu.Item>
              ))}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      )}
    </div>
  );
}
