/** The company login as the page sees it: where it begins, and how it ended. */

/** A tab that was opened to sign in comes back here; the tab that opened it goes on. */
export const SIGNED_IN_PAGE = "/signed-in";

/** Why somebody is not signed in. The API's codes are among them. */
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

/** Where a browser goes to sign in; afterwards it comes to the page `back`. */
export const companyAddress = (back: string): string =>
  `/api/session/company?back=${encodeURIComponent(back)}`;

/** How a sign-in ended that led to this page, as the address says; removes it from there. */
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
