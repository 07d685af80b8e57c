import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { FrameBatch, type Observable } from "real-time-orders";
import { PacedBatch } from "./paced-batch";

/** Returns the current value, and renders again when it changes. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get, observable.get);
}

/** For values that may change thousands of times per second: renders at most once per frame. */
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

/** For values that change constantly: renders at most once per period. */
export function useObservablePaced<T>(observable: Observable<T>, everyMs: number): T {
  const [value, setValue] = useState(observable.get);
  useEffect(() => {
    const batch = new PacedBatch<true>(everyMs, () => setValue(() => observable.get()));
    const unsubscribe = observable.subscribe(() => batch.push([true]));
    batch.push([true]);
    return () => {
      unsubscribe();
      batch.clear();
    };
  }, [observable, everyMs]);
  return value;
}
