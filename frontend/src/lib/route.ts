/** The page's address as a value. */
import { type Id, Observable } from "real-time-orders";
import { idOf } from "./row";

/** Whether a change adds an entry to the browser's history ("new") or replaces the present one. */
export type HistoryStep = "new" | "same";

export interface Route {
  readonly path: string;
  readonly query: string;
}

/** Parameters of parts of the page other than the table. */
const PARTS = ["activity"] as const;

const here = (): Route => ({ path: location.pathname, query: location.search });

export class Router {
  readonly state = new Observable<Route>(here());

  start(): void {
    addEventListener("popstate", () => this.state.set(here()));
  }

  /** Opens a path. The query is kept only if the path shows the same table. */
  go(path: string, step: HistoryStep = "new"): void {
    if (path === location.pathname) return;
    const query = tableIn(path) === tableIn(location.pathname) ? location.search : "";
    this.#write(path + query, step);
  }

  /** Sets a parameter that is not part of the table's view; null removes it. */
  setPart(name: (typeof PARTS)[number], value: string | null): void {
    const query = new URLSearchParams(location.search);
    query.delete(name);
    if (value !== null) query.set(name, value);
    this.#change(query, "new");
  }

  /** Sets the view of the table. */
  setQuery(view: URLSearchParams, step: HistoryStep = "new"): void {
    const query = new URLSearchParams(view);
    const before = new URLSearchParams(location.search);
    for (const name of PARTS) {
      const kept = before.get(name);
      if (kept !== null) query.set(name, kept);
    }
    this.#change(query, step);
  }

  #change(query: URLSearchParams, step: HistoryStep): void {
    const text = query.toString() && `?${query.toString()}`;
    if (text === location.search) return;
    this.#write(location.pathname + text, step);
  }

  #write(address: string, step: HistoryStep): void {
    if (step === "new") history.pushState({ inside: true }, "", address);
    else history.replaceState(history.state, "", address);
    this.state.set(here());
  }
}

/** Returns the id of the order whose panel a path opens. */
export const orderIn = (path: string): Id | null => idOf(/^\/orders\/(.+)$/.exec(path)?.[1] ?? "");

/** Returns the name of the table that a path shows; null for the orders. */
export function tableIn(path: string): string | null {
  const name = /^\/tables\/(.+)$/.exec(path)?.[1];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

export const pathOfTable = (name: string): string => `/tables/${encodeURIComponent(name)}`;
