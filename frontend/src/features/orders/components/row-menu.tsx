import { MoreHorizontal } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { type ReactNode, useRef, useState } from "react";
import { IconButton } from "@/components/icon-button";
import styles from "./status-menu.module.css";

interface RowMenuProps {
  label: string;
  tabIndex: number;
  onOpenChange: (open: boolean) => void;
  children: ReactNode;
}

/** What else can be done with a row. Created when it is opened, as a status menu is. */
export function RowMenu({ label, tabIndex, onOpenChange, children }: RowMenuProps) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  function change(open: boolean): void {
    setOpen(open);
    onOpenChange(open);
  }

  return (
    <div className={styles.box}>
      <IconButton
        ref={button}
        label={label}
        title="More"
        tabIndex={tabIndex}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => change(true)}
      >
        <MoreHorizontal size={16} aria-hidden />
      </IconButton>
      {isOpen && (
        <DropdownMenu.Root open modal={false} onOpenChange={change}>
          <DropdownMenu.Trigger asChild>
            <span className={styles.anchor} aria-hidden />
          </DropdownMenu.Trigger>
          <DropdownMenu.Portal>
            <DropdownMenu.Content
              className={styles.menu}
              aria-label={label}
              align="end"
              sideOffset={4}
              collisionPadding={8}
              onCloseAutoFocus={(event) => {
                event.preventDefault();
                button.current?.focus({ preventScroll: true });
              }}
            >
              {children}
            </DropdownMenu.Content>
          </DropdownMenu.Portal>
        </DropdownMenu.Root>
      )}
    </div>
  );
}

interface RowActionProps {
  icon: ReactNode;
  onSelect: () => void;
  children: ReactNode;
}

export const RowAction = ({ icon, onSelect, children }: RowActionProps) => (
  <DropdownMenu.Item className={styles.item} data-action onSelect={onSelect}>
    {icon}
    {children}
  </DropdownMenu.Item>
);
