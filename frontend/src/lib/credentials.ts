/**
 * The token that requests show, where the user has one instead of a password. It is kept as long as
 * the tab is open, so that a reload does not ask again; never in an address, a cookie or another tab.
 * A session has a cookie, which no script can read.
 */
import { stored } from "./storage";

const kept = stored("session", "orders.token");

let token: string | null = null;
let onRefused: (() => Promise<boolean>) | null = null;

export function restoreToken(): void {
  token = kept.get();
}

export function setToken(next: string | null): void {
  token = next;
  kept.set(next);
}

export const currentToken = (): string | null => token;

/**
 * Call the listener when the API or a gateway refuses a token or session, or a request without one. It
 * resolves to true once the same user is signed in again.
 */
export function whenRefused(listener: (() => Promise<boolean>) | null): void {
  onRefused = listener;
}

export const signedInAgain = async (): Promise<boolean> => (await onRefused?.()) ?? false;
