import { useMutation, useQuery } from "@tanstack/react-query";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { Entry } from "@/components/entry";
import entry from "@/components/entry.module.css";
import { Problem } from "@/components/problem";
import { formatAge, formatExact, messageOf } from "@/lib/format";
import { queries } from "@/lib/queries";
import { useNow } from "@/lib/use-now";
import { words } from "@/words";
import { endSession, listSessions } from "../api/session";
import { addressName } from "../model/address-name";
import { browserName } from "../model/browser-name";

const LOOK_EVERY_MS = 15_000;

/** Lists where the user is signed in, and ends sessions in other browsers. */
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
  const now = useNow(LOOK_EVERY_MS);
  const problem = ending.error ?? found.error;
  return (
    <Dialog title={words.access.mySessions} open onOpenChange={onClose}>
      <ul className={entry.list} aria-label={words.access.sessions}>
        {sessions.map(({ id, browser, address, current, used, started }) => {
          const name = browserName(browser);
          return (
            <Entry
              key={id}
              title={<span title={browser}>{name}</span>}
              facts={[
                <>
                  <bdi>{addressName(address)}</bdi>
                  {!current && words.access.used(formatAge(used, now))}
                </>,
                words.access.since(formatExact(started)),
              ]}
            >
              {current ? (
                <span className={entry.current}>{words.access.thisBrowser}</span>
              ) : (
                <Button
                  disabled={ending.isPending}
                  onClick={() => ending.mutate(id)}
                  aria-label={words.access.endNamed(name)}
                >
                  {words.access.end}
                </Button>
              )}
            </Entry>
          );
        })}
      </ul>
      <Problem>{problem && messageOf(problem)}</Problem>
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
