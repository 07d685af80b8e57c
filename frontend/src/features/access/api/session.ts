import { withJson } from "real-time-orders";
import { request, send } from "@/lib/http";
import { Linked, ListedSession, Me, SignedOut, SignInWays } from "@/lib/protocol";
import { list, member } from "@/lib/shape";

/**
 * Returns the user that the session or token stands for. Answers 401 if the system requires sign-in and
 * neither is valid.
 */
export const getMe = (): Promise<Me> => request(Me, "/api/me");

/** Same as `getMe`, but a 401 does not ask the user to sign in again. */
export const findMe = (): Promise<Me> => request(Me, "/api/me", { signsIn: true });

export const signInWith = (name: string, password: string): Promise<Me> =>
  request(Me, "/api/session", proof({ name, password }));

/** Returns the name of the company login; null if there is none. */
export async function companyLogin(): Promise<string | null> {
  return (await request(SignInWays, "/api/session", { signsIn: true })).company;
}

/**
 * Ends the session. Returns the address at which the browser also signs out of the company login; null
 * if there is none.
 */
export async function signOut(): Promise<string | null> {
  const answer = request(SignedOut, "/api/session", { method: "DELETE", signsIn: true });
  return (await answer).continue_at;
}

/** Tells the API that the user is active. Without that an idle session ends. */
export async function stay(): Promise<void> {
  await send("/api/session", { method: "PUT" });
}

export const listSessions = (signal: AbortSignal): Promise<readonly ListedSession[]> =>
  request(member("sessions", list(ListedSession)), "/api/sessions", { signal });

/** Ends one session, or all but this one. */
export async function endSession(id: string): Promise<void> {
  await send(`/api/sessions/${id}`, { method: "DELETE" });
}

export const changePassword = (current: string, next: string): Promise<Me> =>
  request(Me, "/api/password", post({ current, new: next }));

export const whoseLink = (link: string): Promise<string> =>
  request(Linked, "/api/set-up", proof({ link }));

export const setUp = (link: string, password: string): Promise<Me> =>
  request(Me, "/api/set-up", proof({ link, password }));

const proof = (body: unknown) => ({ ...post(body), signsIn: true });

const post = (body: unknown) => withJson("POST", JSON.stringify(body));
