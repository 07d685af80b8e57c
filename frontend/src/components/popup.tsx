import { Popover } from "radix-ui";
import type { ComponentProps, ReactElement } from "react";

interface PopupProps
  extends
    Pick<ComponentProps<typeof Popover.Root>, "open" | "onOpenChange">,
    Pick<ComponentProps<typeof Popover.Content>, "align" | "className" | "children"> {
  label: string;
  /** The button that opens it. */
  trigger: ReactElement;
}

/** What a button opens over the page. `popup.module.css` has its look. */
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
