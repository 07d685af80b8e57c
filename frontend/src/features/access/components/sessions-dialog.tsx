import { useMutation, useQuery } from "@tanstack/react-query";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import entry from "@/components/entry.module.css";
import { formatAge, formatExact, messageOf } from "@/lib/format";
import type { ListedSession } from "@/lib/protocol";
import { queries } from "@/lib/queries";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import { endSession, listSessions } from "../api/session";
import { addressName } from "../model/address-name";
import { browserName } from "../model/browser-name";

const LOOK_EVERY_MS = 15_000;

/** Where the user is signed in; ends sessions that are somewhere else. */
export function SessionsDialog({ onClose }: { onClose: () => void }) {
  const found = useQuery(
    {
      queryKey: ["sessions"],
      queryFn: ({ signal }) => listSessions(signal),
      refetchInterval: LOOK_EVERY_MS,
    },
    queries,
  );
  const ending = useMutation({ mutationFn: endSession, onSettled: () => found.refetch() }, queries);
  const sessions = (found.data ?? []).toSorted((a, b) => Number(b.current) - Number(a.current));
  const problem = ending.error ?? found.error;
  return (
    <Dialog title={words.access.mySessions} open onOpenChange={onClose}>
      <ul className={entry.list} aria-label={words.access.sessions}>
        {sessions.map((session) => (
          <Item
            key={session.id}
            session={session}
            busy={ending.isPending}
            onEnd={() => ending.mutate(session.id)}
          />
        ))}
      </ul>
      <p role="alert" className={dialog.problem}>
        {problem && messageOf(problem)}
      </p>
      <div className={dialog.actions}>
        {sessions.length > 1 && (
          <Button disabled={ending.isPending} onClick={() => ending.mutate("others")}>
            {words.access.endOthers}
          </Button>
        )}
        <Button onClick={onClose}>{words.do.close}</Button>
      </div>
    </Dialog>
  );
}

interface ItemProps {
  session: ListedSession;
  busy: boolean;
  onEnd: () => void;
}

function Item({ session, busy, onEnd }: ItemProps) {
  const now = useNow(LOOK_EVERY_MS);
  const name = browserName(session.browser);
  return (
    <li className={entry.item}>
      <div className={entry.facts}>
        <strong title={session.browser}>{name}</strong>
        <span>
          <bdi>{addressName(session.address)}</bdi>
          {!session.current && words.access.used(formatAge(session.used, now))}
        </span>
        <span>{words.access.since(formatExact(session.started))}</span>
      </div>
      {session.current ? (
        <span className={entry.current}>{words.access.thisBrowser}</span>
      ) : (
        <Button disabled={busy} onClick={onEnd} aria-label={words.access.endNamed(name)}>
          {words.access.end}
        </Button>
      )}
    </li>
  );
}
