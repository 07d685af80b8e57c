/** The page's address as a value. */
import { type Id, Observable } from "real-time-orders";
import { idOf } from "./row";

/** Whether the browser's Back button returns to the query before, or passes it over. */
export type HistoryStep = "new" | "same";

export interface Route {
  readonly path: string;
  readonly query: string;
}

/** Parameters of other parts of the page. */
const PARTS = ["activity"] as const;

const here = (): Route => ({ path: location.pathname, query: location.search });

export class Router {
  readonly state = new Observable<Route>(here());

  start(): void {
    addEventListener("popstate", () => this.state.set(here()));
  }

  /** Go to a path, as a new step of the history or in place of this one. Another table has its own filters. */
  go(path: string, step: HistoryStep = "new"): void {
    if (path === location.pathname) return;
    const query = tableIn(path) === tableIn(location.pathname) ? location.search : "";
    this.#write(path + query, step);
  }

  /** Set a parameter that is no part of the view of a table; null takes it away. */
  setPart(name: (typeof PARTS)[number], value: string | null): void {
    const query = new URLSearchParams(location.search);
    query.delete(name);
    if (value !== null) query.set(name, value);
    this.#change(query, "new");
  }

  /** Set the view of the table. */
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

/** The id of the order whose panel an address opens. */
export const orderIn = (path: string): Id | null => idOf(/^\/orders\/(.+)$/.exec(path)?.[1] ?? "");

/** The name of the table that an address shows; null: the orders. */
export function tableIn(path: string): string | null {
  const name = /^\/tables\/(.+)$/.exec(path)?.[1];
  try {
    return name === undefined ? null : decodeURIComponent(name);
  } catch {
    return null;
  }
}

export const pathOfTable = (name: string): string => `/tables/${encodeURIComponent(name)}`;
