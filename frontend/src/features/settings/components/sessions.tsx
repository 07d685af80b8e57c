import { Problem } from "@/components/problem";
import { Button } from "@/components/button";
import { Entry } from "@/components/entry";
import entry from "@/components/entry.module.css";
import { addressName } from "@/features/access/model/address-name";
import { browserName } from "@/features/access/model/browser-name";
import { formatAge, formatExact } from "@/lib/format";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import { endAnyonesSession, listEveryonesSessions } from "../api/people";
import { Listing } from "./listing";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

const TICK_MS = 15_000;

export function Sessions() {
  const found = useListed("sessions", listEveryonesSessions);
  const { change, busy, problem } = useChange("sessions", endAnyonesSession);
  const now = useNow(TICK_MS);
  return (
    <>
      <p className={styles.hint}>{words.settings.sessionsIntro}</p>
      <Problem>{problem}</Problem>
      <Listing
        found={found}
        label={words.settings.everyonesSessions}
        empty={words.settings.nobody}
        row={({ id, subject, role, browser, address, used, started, current }) => (
          <Entry
            key={id}
            title={<bdi>{subject}</bdi>}
            facts={[
              <span title={browser}>
                {words.access.roles[role]} · {browserName(browser)} ·{" "}
                <bdi>{addressName(address)}</bdi>
              </span>,
              words.settings.usedSince(formatAge(used, now), formatExact(started)),
            ]}
          >
            {current ? (
              <span className={entry.current}>{words.access.thisBrowser}</span>
            ) : (
              <Button
                disabled={busy}
                onClick={() => change(id)}
                aria-label={words.settings.endSessionOf(subject)}
              >
                {words.access.end}
              </Button>
            )}
          </Entry>
        )}
      />
    </>
  );
}
