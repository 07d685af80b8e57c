import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { IconButton } from "./icon-button";
import styles from "./toaster.module.css";
import type { Toasts } from "./toasts";

const SHOWN_MS = 5_000;

export function Toaster({ toasts }: { toasts: Toasts }) {
  const items = useObservable(toasts.state);
  return (
    <Toast.Provider swipeDirection="right" label={words.do.notification}>
      {items.map(({ id, tone, title, detail, action }) => (
        <Toast.Root
          key={id}
          className={styles.toast}
          data-tone={tone}
          duration={action ? Infinity : SHOWN_MS}
          onOpenChange={(open) => {
            if (!open) toasts.dismiss(id);
          }}
        >
          <div className={styles.words}>
            <Toast.Title className={styles.title}>{title}</Toast.Title>
            {detail && <Toast.Description className={styles.detail}>{detail}</Toast.Description>}
          </div>
          {action && (
            <Toast.Action className={styles.action} altText={action.label} onClick={action.run}>
              {action.label}
            </Toast.Action>
          )}
          <Toast.Close asChild>
            <IconButton className={styles.close} label={words.do.dismiss}>
              <X size={16} aria-hidden />
            </IconButton>
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className={styles.viewport} label={words.do.notifications} />
    </Toast.Provider>
  );
}
