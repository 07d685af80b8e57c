/** What a page shows only where people sign in: one chunk, not part of the first view of others. */
export { SessionEnded } from "@/features/access/components/session-ended";
export { SetUp } from "@/features/access/components/set-up";
export { SignIn } from "@/features/access/components/sign-in";
export { Who } from "@/features/access/components/who";
