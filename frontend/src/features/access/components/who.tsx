import { UserRound } from "lucide-react";
import { Popover } from "radix-ui";
import { Button } from "@/components/button";
import { FactsPopover } from "@/components/facts";
import { formatExact, formatValue } from "@/lib/format";
import type { Me } from "@/lib/protocol";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import styles from "./who.module.css";

const TICK_MS = 5000;
const SOON_MS = 60_000;
interface WhoProps {
  me: Me;
  onSignOut: () => void;
  onSessions: () => void;
  onPassword: () => void;
  /** Set for admins only. */
  onSettings: (() => void) | undefined;
}

/** Menu with the user's name and rights. Shown only if people sign in. */
export function Who({ me, onSignOut, onSessions, onPassword, onSettings }: WhoProps) {
  const now = useNow(TICK_MS);
  const soon = me.expires !== null && Date.parse(me.expires) - now < SOON_MS;
  const trigger = (
    <button
      type="button"
      className={styles.who}
      data-testid="who"
      data-soon={soon}
      title={words.access.who}
    >
      <UserRound size={16} aria-hidden />
      <bdi className={styles.subject}>{me.subject}</bdi>
      {me.role === "viewer" && <span className={styles.limit}>{words.access.readOnly}</span>}
      {soon && <span className={styles.soon}>{words.access.endsSoon}</span>}
    </button>
  );
  const say = words.access;
  const facts = {
    [say.signedInAs]: <bdi>{me.subject}</bdi>,
    [say.role]: say.roles[me.role],
    [say.may]: say.mayDo[me.role],
    [say.orders]: me.rows ? rowsText(me.rows) : say.allOrders,
    [say.until]: me.expires && formatExact(me.expires),
  };
  return (
    <FactsPopover label={say.signedIn} trigger={trigger} facts={facts}>
      <div className={styles.actions}>
        {onSettings && (
          <Popover.Close asChild>
            <Button onClick={onSettings}>{words.page.settings}</Button>
          </Popover.Close>
        )}
        {me.session !== null && (
          <>
            <Button onClick={onSessions}>{say.mySessions}</Button>
            {!me.company && <Button onClick={onPassword}>{say.changePassword}</Button>}
          </>
        )}
        <Button onClick={onSignOut}>{say.signOut}</Button>
      </div>
    </FactsPopover>
  );
}

/** Returns the permitted rows as text, such as "store: Berlin, Hamburg". */
const rowsText = (rows: NonNullable<Me["rows"]>): string =>
  Object.entries(rows)
    .map(([column, values]) => `${column}: ${formatValue(values)}`)
    .join("; ");
