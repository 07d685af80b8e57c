import { useCallback, useEffect, useRef, useState } from "react";

const REST_MS = 5000;

export interface Busy {
  readonly busy: boolean;
  /** Someone does something here. */
  readonly touch: () => void;
  readonly rest: () => void;
}

/** Whether someone is at it: until a few seconds after the last movement. */
export function useBusy(): Busy {
  const [busy, setBusy] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const rest = useCallback(() => {
    clearTimeout(timer.current);
    setBusy(false);
  }, []);
  const touch = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setBusy(false), REST_MS);
    setBusy(true);
  }, []);
  useEffect(() => () => clearTimeout(timer.current), []);
  return { busy, touch, rest };
}
