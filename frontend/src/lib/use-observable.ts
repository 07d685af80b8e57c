import { useCallback, useSyncExternalStore } from "react";
import { FrameBatch } from "./frame-batch";
import type { Observable } from "./observable";

/** Read a value and follow it. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get);
}

/** Follow a value that may change thousands of times a second: at most one render per frame. */
export function useObservablePerFrame<T>(observable: Observable<T>): T {
  const subscribe = useCallback(
    (listener: () => void) => {
      const batch = new FrameBatch<true>(listener);
      const unsubscribe = observable.subscribe(() => batch.push([true]));
      return () => {
        unsubscribe();
        batch.clear();
      };
    },
    [observable],
  );
  return useSyncExternalStore(subscribe, observable.get);
}
