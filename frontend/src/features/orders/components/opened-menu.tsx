import type { ReactNode, RefObject } from "react";
import { Menu } from "@/components/menu";
import styles from "./status-menu.module.css";

interface OpenedMenuProps {
  label: string;
  align: "start" | "end";
  /** The element that gets the focus when the menu closes. */
  button: RefObject<HTMLElement | null>;
  onOpenChange: (open: boolean) => void;
  children: ReactNode;
}

/**
 * A menu at its button, rendered only while it is open: scrolling a table renders thirty buttons at a
 * time, and closed menus were most of the cost.
 */
export const OpenedMenu = ({ label, align, button, onOpenChange, children }: OpenedMenuProps) => (
  <Menu
    open
    {...{ align, onOpenChange }}
    trigger={<span className={styles.anchor} aria-hidden />}
    aria-label={label}
    sideOffset={4}
    onCloseAutoFocus={(event) => {
      event.preventDefault();
      button.current?.focus({ preventScroll: true });
    }}
  >
    {children}
  </Menu>
);
