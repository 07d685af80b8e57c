import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { FrameBatch, type Observable } from "real-time-orders";
import { PacedBatch } from "./paced-batch";

/** The current value; renders again when it changes. */
export function useObservable<T>(observable: Observable<T>): T {
  return useSyncExternalStore(observable.subscribe, observable.get, observable.get);
}

/** For a value that may change thousands of times a second: at most one render per frame. */
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

/** For a value that changes constantly: at most one render per period. */
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
