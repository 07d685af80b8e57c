import { createContext, useContext } from "react";
import { Observable } from "real-time-orders";

export interface Toast {
  readonly id: number;
  readonly tone: "good" | "bad" | "neutral";
  readonly title: string;
  readonly detail?: string;
  /**
   * A toast with an action stays until the code that shows it dismisses it, because that code decides
   * how long the action works.
   */
  readonly action?: {
    readonly label: string;
    readonly run: () => void;
    /** Called while the pointer or the focus is on the toasts: the action must go on working. */
    readonly onHold?: (held: boolean) => void;
  };
}

/** Short messages about the user's latest actions. */
export class Toasts {
  readonly state = new Observable<readonly Toast[]>([]);
  #next = 1;

  /** Shows a toast and returns its id. */
  show(toast: Omit<Toast, "id">): number {
    const id = this.#next++;
    this.state.set([...this.state.get().slice(-2), { ...toast, id }]);
    return id;
  }

  dismiss(id: number): void {
    this.state.set(this.state.get().filter((toast) => toast.id !== id));
  }
}

export const ToastsContext = createContext<Toasts | null>(null);

export function useToasts(): Toasts {
  const toasts = useContext(ToastsContext);
  if (!toasts) throw new Error("no ToastsContext above");
  return toasts;
}
