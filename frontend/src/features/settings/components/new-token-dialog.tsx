import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { makeToken } from "../api/people";
import type { Role } from "../api/shapes";
import { type Condition, rowsOf } from "../model/restriction";
import { RestrictionFields } from "./restriction-fields";
import { RoleField } from "./role-field";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useColumns } from "./tables-context";
import { reload, useForm } from "./use-settings";

const LIFETIMES = { 7: "a week", 30: "30 days", 90: "90 days", 366: "a year" } as const;

export function NewTokenDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const columns = useColumns();
  const [subject, setSubject] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [days, setDays] = useState(90);
  const [token, setToken] = useState<string | null>(null);
  const { problem, busy, onSubmit } = useForm(async () => {
    setToken(await makeToken({ subject, role, rows: rowsOf(conditions, columns), days }));
    void reload("tokens");
  });
  if (token !== null) {
    return (
      <Dialog title={`The token of ${subject}`} open onOpenChange={onClose}>
        <div className={dialog.form}>
          <Secret
            label="Token"
            value={token}
            hint="It is not shown again. The program sends it as Authorization: Bearer and the token."
          />
          <div className={dialog.actions}>
            <Button kind="primary" onClick={onClose}>
              Done
            </Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Dialog title="New token" open onOpenChange={onClose}>
      <form className={dialog.form} onSubmit={onSubmit}>
        <div className={styles.field}>
          <label htmlFor={`${id}-subject`}>Program</label>
          <input
            id={`${id}-subject`}
            required
            maxLength={200}
            autoComplete="off"
            spellCheck={false}
            value={subject}
            aria-describedby={`${id}-hint`}
            onChange={(event) => setSubject(event.target.value)}
          />
          <p id={`${id}-hint`} className={styles.hint}>
            The history of orders shows this name.
          </p>
        </div>
        <RoleField value={role} onChange={setRole} />
        <RestrictionFields value={conditions} onChange={setConditions} />
        <div className={styles.field}>
          <label htmlFor={`${id}-days`}>Valid for</label>
          <select
            id={`${id}-days`}
            value={days}
            onChange={(event) => setDays(Number(event.target.value))}
          >
            {Object.entries(LIFETIMES).map(([each, words]) => (
              <option key={each} value={each}>
                {words}
              </option>
            ))}
          </select>
        </div>
        <FormEnd {...{ problem, busy }} send="Make token" sending="Making…" onCancel={onClose} />
      </form>
    </Dialog>
  );
}
