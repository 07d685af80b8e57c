import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useEffect, useState } from "react";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { IconButton } from "./icon-button";
import styles from "./toaster.module.css";
import type { Toast as Shown, Toasts } from "./toasts";

const SHOWN_MS = 5_000;

export function Toaster({ toasts }: { toasts: Toasts }) {
  const items = useObservable(toasts.state);
  const [held, setHeld] = useState(false);
  useEffect(() => {
    const release = () => setHeld(false); // the user leaves the window
    window.addEventListener("blur", release);
    return () => window.removeEventListener("blur", release);
  }, []);
  return (
    <Toast.Provider swipeDirection="right" label={words.do.notification} duration={Infinity}>
      {items.map((toast) => (
        <Item key={toast.id} {...toast} toasts={toasts} held={held} onHeld={setHeld} />
      ))}
      <Toast.Viewport className={styles.viewport} label={words.do.notifications} />
    </Toast.Provider>
  );
}

interface ItemProps extends Shown {
  readonly toasts: Toasts;
  /** Whether the pointer or the keyboard's focus is on any of the toasts. */
  readonly held: boolean;
  readonly onHeld: (held: boolean) => void;
}

function Item({ id, tone, title, detail, action, toasts, held, onHeld }: ItemProps) {
  useEffect(() => {
    action?.onHold?.(held);
    const timer = action || held ? undefined : setTimeout(() => toasts.dismiss(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id, action, toasts, held]);
  useEffect(
    () => () => {
      onHeld(false); // an element that is removed tells no leaving
      action?.onHold?.(false);
    },
    [action, onHeld],
  );
  const isInUse = (element: Element) =>
    element.matches(":hover, :has(:focus-visible), :focus-visible");
  return (
    <Toast.Root
      className={styles.toast}
      data-tone={tone}
      onOpenChange={(open) => {
        if (!open) toasts.dismiss(id);
      }}
      onPointerEnter={() => onHeld(true)}
      onPointerLeave={(event) => onHeld(isInUse(event.currentTarget))}
      onFocus={(event) => onHeld(isInUse(event.currentTarget))}
      onBlur={(event) => onHeld(isInUse(event.currentTarget))}
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
