/** Whether the user wants technical terms: INSERT, positions, the gateway. */
import { createContext, useContext } from "react";
import { Observable } from "real-time-orders";
import type { KeptPreference } from "./preferences";
import { useObservable } from "./use-observable";

export type TechnicalWords = KeptPreference<boolean>;

const NEVER: TechnicalWords = { state: new Observable<boolean | null>(null), set: () => undefined };

export const TechnicalContext = createContext<TechnicalWords>(NEVER);

export function useTechnical(): readonly [boolean, (wanted: boolean) => void] {
  const words = useContext(TechnicalContext);
  return [useObservable(words.state) ?? false, (wanted) => words.set(wanted)];
}
