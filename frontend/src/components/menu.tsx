import { DropdownMenu } from "radix-ui";
import type { ComponentProps, ReactElement } from "react";
import styles from "./menu.module.css";

interface MenuProps extends ComponentProps<typeof DropdownMenu.Content> {
  /** Set if the menu is rendered only while it is open; absent: the button opens the menu. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  trigger: ReactElement;
}

/**
 * A menu of actions, choices or links that a button opens. Without a label of its own it has the
 * button's.
 */
export const Menu = ({ trigger, open, onOpenChange, ...content }: MenuProps) => (
  <DropdownMenu.Root modal={false} {...(open && { open })} {...(onOpenChange && { onOpenChange })}>
    <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
    <DropdownMenu.Portal>
      <DropdownMenu.Content
        className={styles.menu}
        sideOffset={6}
        collisionPadding={8}
        {...content}
      />
    </DropdownMenu.Portal>
  </DropdownMenu.Root>
);

export const MenuItem = (props: ComponentProps<typeof DropdownMenu.Item>) => (
  <DropdownMenu.Item className={styles.item} {...props} />
);
