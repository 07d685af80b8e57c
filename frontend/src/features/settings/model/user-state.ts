/** Whether a user can sign in, in words. */
import { formatExact } from "@/lib/format";
import type { User } from "../api/shapes";

export function stateOf(user: Pick<User, "disabled" | "has_password" | "link_ends" | "sessions">) {
  if (user.disabled) return "disabled";
  if (user.has_password) {
    return user.sessions === 0
      ? "not signed in"
      : `signed in at ${user.sessions === 1 ? "one place" : `${user.sessions} places`}`;
  }
  return user.link_ends === null
    ? "has no password, and no link that is still valid"
    : `has a link to choose a password, until ${formatExact(user.link_ends)}`;
}
