import { Button } from "@/components/button";
import { addressName } from "@/features/access/model/address-name";
import { browserName } from "@/features/access/model/browser-name";
import { formatAge, formatExact } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { endAnyonesSession, listEveryonesSessions } from "../api/people";
import type { AnyonesSession } from "../api/shapes";
import { Listing } from "./listing";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

const TICK_MS = 15_000;

export function Sessions() {
  const found = useListed("sessions", listEveryonesSessions);
  const { change, busy, problem } = useChange("sessions", endAnyonesSession);
  return (
    <>
      <p className={styles.hint}>
        Where people are signed in. Ending a session closes its pages within a second.
      </p>
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      <Listing
        found={found}
        label="Sessions of everyone"
        empty="Nobody is signed in."
        row={(session) => (
          <Item key={session.id} session={session} busy={busy} onEnd={() => change(session.id)} />
        )}
      />
    </>
  );
}

interface ItemProps {
  session: AnyonesSession;
  busy: boolean;
  onEnd: () => void;
}

function Item({ session, busy, onEnd }: ItemProps) {
  const now = useNow(TICK_MS);
  return (
    <li className={styles.item}>
      <div className={styles.facts}>
        <strong>
          <bdi>{session.subject}</bdi>
        </strong>
        <span title={session.browser}>
          {session.role} · {browserName(session.browser)} ·{" "}
          <bdi>{addressName(session.address)}</bdi>
        </span>
        <span>
          used {formatAge(session.used, now)}, since {formatExact(session.started)}
        </span>
      </div>
      {session.current ? (
        <span className={styles.current}>this browser</span>
      ) : (
        <Button
          disabled={busy}
          onClick={onEnd}
          aria-label={`End the session of ${session.subject}`}
        >
          End
        </Button>
      )}
    </li>
  );
}
