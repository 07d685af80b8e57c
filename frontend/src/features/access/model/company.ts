/** Sign-in with the company login: where it begins, and how it ended. */

/**
 * The page to which a tab opened for sign-in returns. The tab then closes, and the tab that opened it
 * continues.
 */
export const SIGNED_IN_PAGE = "/signed-in";

/** Why a user is not signed in. Some of these codes come from the API. */
const REASONS = [
  "ended",
  "away",
  "busy",
  "cancelled",
  "elsewhere",
  "expired",
  "failed",
  "insecure",
  "name",
  "unavailable",
  "refused",
  "unknown",
] as const;
export type Reason = (typeof REASONS)[number];

/** Returns the address at which a browser signs in; it then returns to the page `back`. */
export const companyAddress = (back: string): string =>
  `/api/session/company?back=${encodeURIComponent(back)}`;

/**
 * Returns the outcome of a sign-in that led to this page, as its address says. Removes the outcome from
 * the address.
 */
export function companyOutcome(): { signedIn: boolean; trouble: Reason | null } {
  const [what, code] = location.hash.slice(1).split("=");
  const signedIn = what === "signed-in";
  if (!signedIn && what !== "sign-in") return { signedIn: false, trouble: null };
  history.replaceState(history.state, "", location.pathname + location.search);
  return {
    signedIn,
    trouble: signedIn ? null : (REASONS.find((each) => each === code) ?? "unknown"),
  };
}
