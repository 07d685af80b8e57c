import { createContext, useContext } from "react";
import { Observable } from "real-time-orders";

export interface Toast {
  readonly id: number;
  readonly tone: "good" | "bad" | "neutral";
  readonly title: string;
  readonly detail?: string;
  /** A toast with an action stays until it is dismissed: the code that shows it knows how long. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

/** Short messages about what the user just did. */
export class Toasts {
  readonly state = new Observable<readonly Toast[]>([]);
  #next = 1;

  /** Returns the toast's id. */
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
