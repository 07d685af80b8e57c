import { UserRound } from "lucide-react";
import { Button } from "@/components/button";
import { Details } from "@/components/details";
import { formatExact } from "@/lib/format";
import type { Me } from "@/lib/protocol";
import { useNow } from "@/lib/use-now";
import styles from "./who.module.css";

const TICK_MS = 5000;
const SOON_MS = 60_000;
/** Why a button is not there. */
const MAY: Readonly<Record<Me["role"], string>> = {
  viewer: "read orders; changing them takes a clerk’s token",
  clerk: "create and change orders; deleting them takes an admin’s token",
  admin: "create, change and delete orders",
};

interface WhoProps {
  me: Me;
  onSignOut: () => void;
}

/** Who is signed in, and what they may; in open mode there is nobody to name. */
export function Who({ me, onSignOut }: WhoProps) {
  const now = useNow(TICK_MS);
  const soon = me.expires !== null && Date.parse(me.expires) - now < SOON_MS;
  const trigger = (
    <button
      type="button"
      className={styles.who}
      data-testid="who"
      data-soon={soon}
      title="Who is signed in"
    >
      <UserRound size={16} aria-hidden />
      <span className={styles.subject}>{me.subject}</span>
      {me.role === "viewer" && <span className={styles.limit}>read only</span>}
      {soon && <span className={styles.soon}>ends soon</span>}
    </button>
  );
  const facts = {
    "Signed in as": me.subject,
    Role: me.role,
    May: MAY[me.role],
    Customers: me.customers === null ? "all" : me.customers.join(", ") || "none",
    Until: me.expires && formatExact(me.expires),
  };
  return (
    <Details label="Signed in" trigger={trigger} facts={facts}>
      <Button onClick={onSignOut}>Sign out</Button>
    </Details>
  );
}
