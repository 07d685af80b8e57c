/** Returns a text that says whether a user can sign in. */
import { formatExact } from "@/lib/format";
import { words } from "@/words";
import type { User } from "../api/shapes";

export function stateOf(user: Pick<User, "disabled" | "has_password" | "link_ends" | "sessions">) {
  if (user.disabled) return words.settings.disabled;
  if (user.has_password) {
    return user.sessions === 0
      ? words.settings.notSignedIn
      : words.settings.signedInAt(user.sessions);
  }
  return user.link_ends === null
    ? words.settings.noPassword
    : words.settings.hasLink(formatExact(user.link_ends));
}
