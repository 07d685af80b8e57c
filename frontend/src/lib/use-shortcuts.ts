import { useEffect, useRef } from "react";

export type Shortcuts = Readonly<Record<string, () => void>>;

/**
 * Handles single-key shortcuts. Ignores keys while the user types, or while a dialog or menu has the
 * focus.
 */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const action = latest.current[event.key];
      if (!action || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented)
        return;
      if (belongsToControl(event.target)) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const belongsToControl = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest(
    'input:not([type="checkbox"], [type="radio"]), textarea, select, [role="menu"], [role="dialog"], [role="alertdialog"]',
  ) !== null;
