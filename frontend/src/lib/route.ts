/** The page's address as a value. */
import { type Id, Observable } from "real-time-orders";
import { idOf } from "./row";

/** Whether the browser's Back button returns to the query before, or passes it over. */
export type HistoryStep = "new" | "same";

export interface Route {
  readonly path: string;
  readonly query: string;
}

const here = (): Route => ({ path: location.pathname, query: location.search });

export class Router {
  readonly state = new Observable<Route>(here());

  start(): void {
    addEventListener("popstate", () => this.state.set(here()));
  }

  /** Go to a path; the browser's Back button returns here. Another table has filters of its own. */
  go(path: string): void {
    if (path === location.pathname) return;
    const query = tableIn(path) === tableIn(location.pathname) ? location.search : "";
    history.pushState({ inside: true }, "", path + query);
    this.state.set(here());
  }

  setQuery(query: URLSearchParams, step: HistoryStep = "new"): void {
    const text = query.toString() && `?${query.toString()}`;
    if (text === location.search) return;
    if (step === "new") history.pushState({ inside: true }, "", location.pathname + text);
    else history.replaceState(history.state, "", location.pathname + text);
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
