import { useState } from "react";
import { Problem } from "@/components/problem";
import { Button } from "@/components/button";
import { Entry } from "@/components/entry";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { DatabaseTable } from "../api/shapes";
import { listTables, watchTable } from "../api/system";
import { ConfirmButton } from "./confirm-button";
import { Listing } from "./listing";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

/** The tables of the database: the watched ones and the others. */
export function Tables() {
  const { version } = useSchema();
  const found = useListed("tables", listTables, version);
  const [statement, setStatement] = useState<string | null>(null);
  const { change, busy, problem } = useChange("tables", async (table: DatabaseTable) => {
    setStatement((await watchTable(table.name, !table.watched)).statement);
  });
  return (
    <>
      <p className={styles.hint}>{words.settings.tablesIntro(<code>{"/api/tables"}</code>)}</p>
      <Problem>{problem}</Problem>
      {statement !== null && (
        <Secret label={words.settings.forOwner} value={statement} hint={words.settings.ownerRuns} />
      )}
      <Listing
        found={found}
        label={words.page.tables}
        empty={words.settings.noTables}
        row={(table) => (
          <Entry
            key={table.name}
            title={<bdi>{table.name}</bdi>}
            facts={[table.reason ?? stateOf(table)]}
          >
            {table.main ? null : table.watched ? (
              <ConfirmButton
                label={words.settings.stopWatching}
                confirm={words.settings.stopWatchingNamed(table.name)}
                disabled={busy}
                onConfirm={() => change(table)}
              />
            ) : (
              table.reason === null && (
                <Button
                  disabled={busy}
                  onClick={() => change(table)}
                  aria-label={words.settings.watchNamed(table.name)}
                >
                  {words.settings.watch}
                </Button>
              )
            )}
          </Entry>
        )}
      />
    </>
  );
}

function stateOf({ main, watched }: DatabaseTable): string {
  if (main) return words.settings.alwaysWatched;
  return watched ? words.settings.watched : words.settings.notWatched;
}
