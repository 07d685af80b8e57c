import { useSyncExternalStore } from "react";
import type { Observable } from "real-time-orders";

/** Returns one member of an observable map, and renders again when this member changes. */
export function useMember<T>(map: Observable<ReadonlyMap<string, T>>, key: string): T | undefined {
  const get = () => map.get().get(key);
  return useSyncExternalStore(map.subscribe, get, get);
}
