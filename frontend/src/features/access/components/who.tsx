import { UserRound } from "lucide-react";
import { Popover } from "radix-ui";
import { Button } from "@/components/button";
import { FactsPopover } from "@/components/facts";
import { formatExact, formatValue } from "@/lib/format";
import type { Me } from "@/lib/protocol";
import { useNow } from "@/lib/use-now";
import styles from "./who.module.css";

const TICK_MS = 5000;
const SOON_MS = 60_000;
/** Tells why a button is missing. */
const MAY: Readonly<Record<Me["role"], string>> = {
  viewer: "read orders; changing them takes a clerk",
  clerk: "create and change orders; deleting them takes an admin",
  admin: "create, change and delete orders",
};

interface WhoProps {
  me: Me;
  onSignOut: () => void;
  onSessions: () => void;
  onPassword: () => void;
  /** For admins. */
  onSettings: (() => void) | undefined;
}

/** The user and what is allowed; shown only where people sign in. */
export function Who({ me, onSignOut, onSessions, onPassword, onSettings }: WhoProps) {
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
      <bdi className={styles.subject}>{me.subject}</bdi>
      {me.role === "viewer" && <span className={styles.limit}>read only</span>}
      {soon && <span className={styles.soon}>ends soon</span>}
    </button>
  );
  const facts = {
    "Signed in as": <bdi>{me.subject}</bdi>,
    Role: me.role,
    May: MAY[me.role],
    Orders: me.rows ? rowsText(me.rows) : "all",
    Until: me.expires && formatExact(me.expires),
  };
  return (
    <FactsPopover label="Signed in" trigger={trigger} facts={facts}>
      <div className={styles.actions}>
        {onSettings && (
          <Popover.Close asChild>
            <Button onClick={onSettings}>Settings</Button>
          </Popover.Close>
        )}
        {me.session !== null && (
          <>
            <Button onClick={onSessions}>My sessions</Button>
            {!me.company && <Button onClick={onPassword}>Change password</Button>}
          </>
        )}
        <Button onClick={onSignOut}>Sign out</Button>
      </div>
    </FactsPopover>
  );
}

/** `store` Berlin or Hamburg, in words. */
const rowsText = (rows: NonNullable<Me["rows"]>): string =>
  Object.entries(rows)
    .map(([column, values]) => `${column}: ${formatValue(values)}`)
    .join("; ");
