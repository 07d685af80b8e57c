import { useId, useState } from "react";
import field from "@/components/field.module.css";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import type { Role } from "@/lib/protocol";
import { words } from "@/words";
import { addUser } from "../api/people";
import type { Link } from "../api/shapes";
import { type Condition, rowsOf } from "../model/restriction";
import { LinkDialog } from "./secret-dialog";
import { RestrictionFields } from "./restriction-fields";
import { RoleField } from "./role-field";
import styles from "./settings.module.css";
import { useForm } from "@/lib/use-form";
import { reload, useColumns } from "./use-settings";

export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const id = useId();
  const columns = useColumns();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("clerk");
  const [conditions, setConditions] = useState<readonly Condition[]>([]);
  const [byLink, setByLink] = useState(true);
  const [password, setPassword] = useState("");
  const [link, setLink] = useState<Link | null>(null);
  const { problem, busy, onSubmit } = useForm(async () => {
    const rows = rowsOf(conditions, columns);
    const made = await addUser({ name, role, rows, ...(byLink ? {} : { password }) });
    void reload("users");
    if (made === null) onClose();
    else setLink(made);
  });
  if (link !== null) {
    return <LinkDialog title={words.settings.canChoose(name.trim())} {...{ link, onClose }} />;
  }
  return (
    <Dialog title={words.settings.newUser} open onOpenChange={onClose}>
      <form className={dialog.form} onSubmit={onSubmit}>
        <div className={field.field}>
          <label htmlFor={`${id}-name`}>{words.access.name}</label>
          <input
            id={`${id}-name`}
            required
            maxLength={200}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        </div>
        <RoleField value={role} onChange={setRole} />
        <RestrictionFields value={conditions} onChange={setConditions} />
        <fieldset className={styles.fields}>
          <legend>{words.access.password}</legend>
          <label className={styles.option}>
            <input type="radio" name={id} checked={byLink} onChange={() => setByLink(true)} />
            {words.settings.byUser}
          </label>
          <label className={styles.option}>
            <input type="radio" name={id} checked={!byLink} onChange={() => setByLink(false)} />
            {words.settings.byMe}
          </label>
          {!byLink && (
            <div className={field.field}>
              <label htmlFor={`${id}-password`}>{words.access.password}</label>
              <input
                id={`${id}-password`}
                type="password"
                required
                autoComplete="new-password"
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </div>
          )}
        </fieldset>
        <FormEnd
          {...{ problem, busy }}
          send={words.settings.createUser}
          sending={words.settings.saving}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}
