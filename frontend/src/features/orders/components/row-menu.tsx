import { MoreHorizontal } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { IconButton } from "@/components/icon-button";
import { words } from "@/words";
import { OpenedMenu } from "./opened-menu";
import styles from "./status-menu.module.css";

interface RowMenuProps {
  label: string;
  tabIndex: number;
  onOpenChange: (open: boolean) => void;
  children: ReactNode;
}

/** A menu with more actions for a row. */
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
        title={words.orders.moreActions}
        tabIndex={tabIndex}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => change(true)}
      >
        <MoreHorizontal size={16} aria-hidden />
      </IconButton>
      {isOpen && (
        <OpenedMenu label={label} align="end" button={button} onOpenChange={change}>
          {children}
        </OpenedMenu>
      )}
    </div>
  );
}
