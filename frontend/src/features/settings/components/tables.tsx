import { useState } from "react";
import { Button } from "@/components/button";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { DatabaseTable } from "../api/shapes";
import { listTables, watchTable } from "../api/system";
import { ConfirmButton } from "./confirm-button";
import { Listing } from "./listing";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

/** The tables of the database: those whose changes are events, and the others. */
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
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      {statement !== null && (
        <Secret label={words.settings.forOwner} value={statement} hint={words.settings.ownerRuns} />
      )}
      <Listing
        found={found}
        label={words.page.tables}
        empty={words.settings.noTables}
        row={(table) => (
          <Item key={table.name} table={table} busy={busy} onChange={() => change(table)} />
        )}
      />
    </>
  );
}

interface ItemProps {
  table: DatabaseTable;
  busy: boolean;
  onChange: () => void;
}

const Item = ({ table, busy, onChange }: ItemProps) => (
  <li className={styles.item}>
    <div className={styles.facts}>
      <strong>
        <bdi>{table.name}</bdi>
      </strong>
      <span>
        {table.reason ??
          (table.main
            ? words.settings.alwaysWatched
            : table.watched
              ? words.settings.watched
              : words.settings.notWatched)}
      </span>
    </div>
    {!table.main &&
      (table.watched || table.reason === null) &&
      (table.watched ? (
        <ConfirmButton
          label={words.settings.stopWatching}
          confirm={words.settings.stopWatchingNamed(table.name)}
          disabled={busy}
          onConfirm={onChange}
        />
      ) : (
        <Button
          disabled={busy}
          onClick={onChange}
          aria-label={words.settings.watchNamed(table.name)}
        >
          {words.settings.watch}
        </Button>
      ))}
  </li>
);
