import { Button } from "@/components/button";
import { addressName } from "@/features/access/model/address-name";
import { browserName } from "@/features/access/model/browser-name";
import { formatAge, formatExact } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
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
      <p className={styles.hint}>{words.settings.sessionsIntro}</p>
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      <Listing
        found={found}
        label={words.settings.everyonesSessions}
        empty={words.settings.nobody}
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
          {words.access.roles[session.role]} · {browserName(session.browser)} ·{" "}
          <bdi>{addressName(session.address)}</bdi>
        </span>
        <span>
          {words.settings.usedSince(formatAge(session.used, now), formatExact(session.started))}
        </span>
      </div>
      {session.current ? (
        <span className={styles.current}>{words.access.thisBrowser}</span>
      ) : (
        <Button
          disabled={busy}
          onClick={onEnd}
          aria-label={words.settings.endSessionOf(session.subject)}
        >
          {words.access.end}
        </Button>
      )}
    </li>
  );
}
