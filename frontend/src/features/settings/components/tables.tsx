import { useState } from "react";
import { Button } from "@/components/button";
import { useSchema } from "@/lib/use-schema";
import type { DatabaseTable } from "../api/shapes";
import { listTables, watchTable } from "../api/system";
import { ConfirmButton } from "./confirm-button";
import { Listing } from "./listing";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

/** Why a statement is shown instead of being executed. */
export const OWNER_RUNS =
  "The owner of the tables runs it in psql: the API's role of the database may not. " +
  "docs/security.md says how to let it.";

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
      <p className={styles.hint}>
        Each change of a watched table is an event, and its rows can be read at{" "}
        <code>/api/tables</code> by everyone who may see them.
      </p>
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      {statement !== null && <Secret label="For the owner" value={statement} hint={OWNER_RUNS} />}
      <Listing
        found={found}
        label="Tables"
        empty="The database has no table."
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
      <strong>{table.name}</strong>
      <span>
        {table.reason ??
          (table.main
            ? "the table of orders, always watched"
            : table.watched
              ? "watched"
              : "not watched")}
      </span>
    </div>
    {!table.main &&
      (table.watched || table.reason === null) &&
      (table.watched ? (
        <ConfirmButton
          label="Stop watching"
          confirm={`Stop watching ${table.name}`}
          disabled={busy}
          onConfirm={onChange}
        />
      ) : (
        <Button disabled={busy} onClick={onChange} aria-label={`Watch ${table.name}`}>
          Watch
        </Button>
      ))}
  </li>
);
