/**
 * The token that requests show, where the system asks for one. It is kept as long as the tab is
 * open, so that a reload does not ask again; never in an address, a cookie or another tab.
 */
import { stored } from "./storage";

const kept = stored("session", "orders.token");

let token: string | null = null;
let onRefused: (() => void) | null = null;

export function restoreToken(): void {
  token = kept.get();
}

export function setToken(next: string | null): void {
  token = next;
  kept.set(next);
}

export const currentToken = (): string | null => token;

/** Call the listener when the API refuses a token, or a request without one. */
export function whenRefused(listener: (() => void) | null): void {
  onRefused = listener;
}

export function noteRefusal(): void {
  onRefused?.();
}
