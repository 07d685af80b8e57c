import { Popover } from "radix-ui";
import type { ComponentProps, ReactElement } from "react";

interface PopupProps
  extends
    Pick<ComponentProps<typeof Popover.Root>, "open" | "onOpenChange">,
    Pick<ComponentProps<typeof Popover.Content>, "align" | "className" | "children"> {
  label: string;
  /** The button that opens the popup. */
  trigger: ReactElement;
}

/** A popover that a button opens. `popup.module.css` defines its look. */
export const Popup = ({ label, trigger, align, className, children, ...root }: PopupProps) => (
  <Popover.Root {...root}>
    <Popover.Trigger asChild>{trigger}</Popover.Trigger>
    <Popover.Portal>
      <Popover.Content
        {...{ align, className }}
        sideOffset={6}
        collisionPadding={8}
        aria-label={label}
      >
        {children}
      </Popover.Content>
    </Popover.Portal>
  </Popover.Root>
);
