import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useEffect } from "react";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { IconButton } from "./icon-button";
import styles from "./toaster.module.css";
import type { Toast as Shown, Toasts } from "./toasts";

const SHOWN_MS = 5_000;

export function Toaster({ toasts }: { toasts: Toasts }) {
  const items = useObservable(toasts.state);
  return (
    <Toast.Provider swipeDirection="right" label={words.do.notification}>
      {items.map((toast) => (
        <Item key={toast.id} {...toast} onClose={() => toasts.dismiss(toast.id)} />
      ))}
      <Toast.Viewport className={styles.viewport} label={words.do.notifications} />
    </Toast.Provider>
  );
}

function Item({ tone, title, detail, action, onClose }: Shown & { onClose: () => void }) {
  useEffect(() => () => action?.onHold?.(false), [action]);
  return (
    <Toast.Root
      className={styles.toast}
      data-tone={tone}
      duration={action ? Infinity : SHOWN_MS}
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      onPause={() => action?.onHold?.(document.hasFocus())} // not when the user leaves the window
      onResume={() => action?.onHold?.(false)}
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
  );
}
