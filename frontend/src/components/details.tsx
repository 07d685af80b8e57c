import { Popover } from "radix-ui";
import type { ReactElement, ReactNode } from "react";
import styles from "./details.module.css";
import { Facts } from "./facts";

interface DetailsProps {
  label: string;
  /** The button that opens it. */
  trigger: ReactElement;
  facts: Readonly<Record<string, ReactNode>>;
  /** What can be done about it. */
  children?: ReactNode;
}

/** The rest of what a word in the header stands for, on request. */
export function Details({ label, trigger, facts, children }: DetailsProps) {
  return (
    <Popover.Root>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.details}
          sideOffset={6}
          align="end"
          collisionPadding={8}
          aria-label={label}
        >
          <Facts facts={facts} />
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
