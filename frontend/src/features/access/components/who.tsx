import { UserRound } from "lucide-react";
import { Popover } from "radix-ui";
import { Button } from "@/components/button";
import { formatClock } from "@/lib/format";
import type { Me } from "@/lib/protocol";
import { useNow } from "@/lib/use-now";
import styles from "./who.module.css";

const TICK_MS = 5000;
const SOON_MS = 60_000;

interface WhoProps {
  me: Me;
  onSignOut: () => void;
}

/** Who is signed in, and what they may; in open mode there is nobody to name. */
export function Who({ me, onSignOut }: WhoProps) {
  const now = useNow(TICK_MS);
  const ends = me.expires === null ? null : Date.parse(me.expires);
  const soon = ends !== null && ends - now < SOON_MS;
  return (
    <Popover.Root>
      <Popover.Trigger
        className={styles.who}
        data-testid="who"
        data-soon={soon}
        title="Who is signed in"
      >
        <UserRound size={16} aria-hidden />
        <span className={styles.subject}>{me.subject}</span>
        {soon && <span className={styles.soon}>ends soon</span>}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className={styles.details}
          sideOffset={6}
          align="end"
          collisionPadding={8}
          aria-label="Signed in"
        >
          <dl>
            <dt>Signed in as</dt>
            <dd>{me.subject}</dd>
            <dt>Role</dt>
            <dd>{me.role}</dd>
            <dt>Customers</dt>
            <dd>{me.customers === null ? "all" : me.customers.join(", ") || "none"}</dd>
            {ends !== null && (
              <>
                <dt>Until</dt>
                <dd>{formatClock(ends)}</dd>
              </>
            )}
          </dl>
          <Button onClick={onSignOut}>Sign out</Button>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
