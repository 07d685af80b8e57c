/** The company login as the page sees it: where it begins, and how it ended. */

/** A tab that was opened to sign in comes back here; the tab that opened it goes on. */
export const SIGNED_IN_PAGE = "/signed-in";

const TROUBLES: Readonly<Record<string, string>> = {
  away: "The company login does not answer right now. Try again in a moment.",
  busy: "Too many attempts. Try again in a minute.",
  cancelled: "You did not sign in.",
  elsewhere: "This is the address to sign in at: try again here.",
  expired: "That took too long, or it began in another browser. Try again.",
  failed: "The company login did not confirm who you are. Try again.",
  insecure: "Signing in needs HTTPS: open this page at its address with https://.",
  name: "Another user of this system has your name. Ask whoever runs it.",
  unavailable: "This system cannot sign you in right now. Try again in a moment.",
  refused: "You may not use this system. Ask whoever runs it to let you in.",
};

/** Where a browser goes to sign in; afterwards it comes to the page `back`. */
export const companyAddress = (back: string): string =>
  `/api/session/company?back=${encodeURIComponent(back)}`;

/** How a sign-in ended that led to this page, as the address says; removes it from there. */
export function companyOutcome(): { signedIn: boolean; trouble: string | null } {
  const [what, code] = location.hash.slice(1).split("=");
  const signedIn = what === "signed-in";
  if (!signedIn && what !== "sign-in") return { signedIn: false, trouble: null };
  history.replaceState(history.state, "", location.pathname + location.search);
  return {
    signedIn,
    trouble: signedIn ? null : (TROUBLES[code ?? ""] ?? "You are not signed in."),
  };
}
