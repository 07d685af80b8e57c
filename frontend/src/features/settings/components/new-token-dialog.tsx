import { useId, useState } from "react";
import field from "@/components/field.module.css";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import type { Role } from "@/lib/protocol";
import { words } from "@/words";
import { makeToken } from "../api/people";
import { type Condition, rowsOf } from "../model/restriction";
import { RestrictionFields } from "./restriction-fields";
import { RoleField } from "./role-field";
import { SecretDialog } from "./secret-dialog";
import { useForm } from "@/lib/use-form";
import { reload, useColumns } from "./use-settings";

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
      <SecretDialog
        title={words.settings.tokenOf(subject)}
        label={words.settings.token}
        value={token}
        hint={words.settings.tokenHint}
        onClose={onClose}
      />
    );
  }
  return (
    <Dialog title={words.settings.newToken} open onOpenChange={onClose}>
      <form className={dialog.form} onSubmit={onSubmit}>
        <div className={field.field}>
          <label htmlFor={`${id}-subject`}>{words.settings.program}</label>
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
          <p id={`${id}-hint`} className={field.hint}>
            {words.settings.programHint}
          </p>
        </div>
        <RoleField value={role} onChange={setRole} />
        <RestrictionFields value={conditions} onChange={setConditions} />
        <div className={field.field}>
          <label htmlFor={`${id}-days`}>{words.settings.validFor}</label>
          <select
            id={`${id}-days`}
            value={days}
            onChange={(event) => setDays(Number(event.target.value))}
          >
            {Object.entries(words.settings.lifetimes).map(([each, name]) => (
              <option key={each} value={each}>
                {name}
              </option>
            ))}
          </select>
        </div>
        <FormEnd
          {...{ problem, busy }}
          send={words.settings.makeToken}
          sending={words.settings.making}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}
