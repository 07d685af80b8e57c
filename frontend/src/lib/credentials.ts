/**
 * The token that requests show, where one is asked for. Kept as long as the tab is open, so that a
 * reload asks nobody again; never in an address, a cookie or another tab.
 */
const KEY = "orders.token";

let token: string | null = null;
let onRefused: (() => void) | null = null;

export function restoreToken(): void {
  token = sessionStorage.getItem(KEY);
}

export function setToken(next: string | null): void {
  token = next;
  if (next === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, next);
}

export const hasToken = (): boolean => token !== null;

/** Hear that a token, or the lack of one, was refused. */
export function whenRefused(listener: (() => void) | null): void {
  onRefused = listener;
}

export function authorized(init: RequestInit = {}): RequestInit {
  if (token === null) return init;
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}

export function noteRefusal(): void {
  onRefused?.();
}
