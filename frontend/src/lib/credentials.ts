/**
 * The token that requests send if the user signed in with a token and not with a password. It is kept
 * while the tab is open, so a reload needs no new sign-in. It is never in an address, a cookie or
 * another tab. A session has a cookie instead, which scripts cannot read.
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
 * Sets the listener for refused credentials: the API or a gateway refused a token, a session, or a
 * request without either. The listener resolves to true once the same user has signed in again.
 */
export function whenRefused(listener: (() => Promise<boolean>) | null): void {
  onRefused = listener;
}

export const signedInAgain = async (): Promise<boolean> => (await onRefused?.()) ?? false;
