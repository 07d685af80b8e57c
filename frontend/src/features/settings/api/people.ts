/** Requests about users, sessions of all users, and programs' tokens. */
import { withJson } from "real-time-orders";
import { request, send } from "@/lib/http";
import type { Role } from "@/lib/protocol";
import {
  type AnyonesSession,
  EveryonesSessions,
  Link,
  MadeToken,
  MadeUser,
  type ProgramToken,
  TokenList,
  User,
  UserList,
} from "./shapes";

export type RowValues = Readonly<Record<string, readonly unknown[]>>;

export interface NewUser {
  readonly name: string;
  readonly role: Role;
  readonly rows: RowValues | null;
  readonly password?: string;
}

export type UserChanges = Partial<Pick<User, "role" | "disabled"> & { rows: RowValues | null }>;

const json = (method: "POST" | "PATCH", body: unknown, headers?: Record<string, string>) =>
  withJson(method, JSON.stringify(body), headers);

const ifUnchanged = ({ version }: User) => ({ "If-Match": `"${version}"` });
const pathOf = (name: string) => `/api/users/${encodeURIComponent(name)}`;

export const listUsers = (signal: AbortSignal): Promise<readonly User[]> =>
  request(UserList, "/api/users", { signal });

/**
 * Adds a user. Returns the link with which the user chooses a password; null if a password was given.
 */
export async function addUser(user: NewUser): Promise<Link | null> {
  return (await request(MadeUser, "/api/users", json("POST", user))).link;
}

/** Changes a user. Refused (412) if the user has changed since it was `seen`. */
export const changeUser = (seen: User, changes: UserChanges): Promise<User> =>
  request(User, pathOf(seen.name), json("PATCH", changes, ifUnchanged(seen)));

export async function removeUser(seen: User): Promise<void> {
  await send(pathOf(seen.name), { method: "DELETE", headers: ifUnchanged(seen) });
}

export const renewLink = (name: string): Promise<Link> =>
  request(Link, "/api/user-links", json("POST", { name }));

export const listEveryonesSessions = (signal: AbortSignal): Promise<readonly AnyonesSession[]> =>
  request(EveryonesSessions, "/api/all-sessions", { signal });

export async function endAnyonesSession(id: string): Promise<void> {
  await send(`/api/all-sessions/${id}`, { method: "DELETE" });
}

export const listTokens = (signal: AbortSignal): Promise<readonly ProgramToken[]> =>
  request(TokenList, "/api/tokens", { signal });

export interface NewToken {
  readonly subject: string;
  readonly role: Role;
  readonly rows: RowValues | null;
  readonly days: number;
}

/** Returns the new token. No other answer contains it. */
export const makeToken = (wanted: NewToken): Promise<string> =>
  request(MadeToken, "/api/tokens", json("POST", wanted));

export async function revokeToken(id: string): Promise<void> {
  await send(`/api/tokens/${id}`, { method: "DELETE" });
}
