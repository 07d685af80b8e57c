import type { ReactNode, RefObject } from "react";
import { Menu } from "@/components/menu";
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
