import { Dialog as Primitive } from "radix-ui";
import type { ReactNode } from "react";
import styles from "./dialog.module.css";

interface DialogProps {
  title: string;
  open: boolean;
  onOpenChange?: (open: boolean) => void;
  /** Only the dialog's own buttons close it. */
  stays?: boolean;
  /** Whether the dialog hides everything behind it, other dialogs included. */
  covers?: boolean;
  children: ReactNode;
}

/**
 * Whether the list of a field is open. The first Esc must close only the list, but the dialog gets the
 * key before the field does.
 */
const isListOpen = (): boolean =>
  document.activeElement?.matches('[role="combobox"][aria-expanded="true"]') ?? false;

export function Dialog({ title, covers = false, stays = false, children, ...root }: DialogProps) {
  return (
    <Primitive.Root {...root}>
      <Primitive.Portal>
        <Primitive.Overlay className={styles.overlay} data-covers={covers} />
        <Primitive.Content
          className={styles.content}
          data-covers={covers}
          aria-describedby={undefined}
          onEscapeKeyDown={(event) => (stays || isListOpen()) && event.preventDefault()}
          onInteractOutside={(event) => stays && event.preventDefault()}
        >
          <Primitive.Title className={styles.title}>{title}</Primitive.Title>
          {children}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
