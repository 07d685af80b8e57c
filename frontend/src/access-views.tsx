/**
 * Parts of the page that exist only if people sign in. One chunk, so that the first view of other pages
 * loads less.
 */
export { SessionEnded } from "@/features/access/components/session-ended";
export { SetUp } from "@/features/access/components/set-up";
export { SignIn } from "@/features/access/components/sign-in";
export { Who } from "@/features/access/components/who";
