/** Where the page is: its address, as a value. */
import { Observable } from "./observable";

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

  /** Go somewhere; the way back leads here. */
  go(path: string): void {
    if (path === location.pathname) return;
    history.pushState({ inside: true }, "", path + location.search);
    this.state.set(here());
  }

  /** The same place, put otherwise. */
  setQuery(query: URLSearchParams): void {
    const text = query.toString();
    history.replaceState(history.state, "", location.pathname + (text === "" ? "" : `?${text}`));
    this.state.set(here());
  }
}

/** The order whose panel an address opens. */
export function orderIn(path: string): number | null {
  const match = /^\/orders\/(-?\d{1,15})$/.exec(path);
  return match ? Number(match[1]) : null;
}
