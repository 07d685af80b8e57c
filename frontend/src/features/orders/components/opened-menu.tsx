import { DropdownMenu } from "radix-ui";
import type { ReactNode, RefObject } from "react";
import styles from "./status-menu.module.css";

interface OpenedMenuProps {
  label: string;
  align: "start" | "end";
  /** Gets the focus when the menu closes. */
  button: RefObject<HTMLElement | null>;
  onOpenChange: (open: boolean) => void;
  children: ReactNode;
}

/**
 * A menu over its button, to be drawn while it is open only: a scrolled table draws thirty buttons at
 * a time, and closed menus were most of their cost.
 */
export const OpenedMenu = ({ label, align, button, onOpenChange, children }: OpenedMenuProps) => (
  <DropdownMenu.Root open modal={false} onOpenChange={onOpenChange}>
    <DropdownMenu.Trigger asChild>
      <span className={styles.anchor} aria-hidden />
    </DropdownMenu.Trigger>
    <DropdownMenu.Portal>
      <DropdownMenu.Content
        className={styles.menu}
        aria-label={label}
        align={align}
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
);
