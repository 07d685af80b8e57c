import { RefusedError } from "real-time-orders";
import { useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { words } from "@/words";
import { changeUser, removeUser, renewLink, type UserChanges } from "../api/people";
import type { Link, User } from "../api/shapes";
import { conditionsOf, restrictionText, rowsOf, sameConditions } from "../model/restriction";
import { stateOf } from "../model/user-state";
import { ConfirmButton } from "./confirm-button";
import { LinkDialog } from "./secret-dialog";
import { RestrictionFields } from "./restriction-fields";
import { RoleField } from "./role-field";
import styles from "./settings.module.css";
import { useForm } from "@/lib/use-form";
import { reload, useColumns } from "./use-settings";

interface UserDialogProps {
  /** The user as it was when the dialog was opened. */
  seen: User;
  /** The user as it is now; null once it is removed. */
  now: User | null;
  onClose: () => void;
}

/**
 * The dialog that changes one user. Changes that another admin makes meanwhile are shown before they
 * can be overwritten.
 */
export function UserDialog({ seen, now, onClose }: UserDialogProps) {
  const columns = useColumns();
  const [based, setBased] = useState(seen);
  const [role, setRole] = useState(seen.role);
  const [conditions, setConditions] = useState(() => conditionsOf(seen.rows));
  const [link, setLink] = useState<Link | null>(null);
  const { problem, busy, run, onSubmit } = useForm(() =>
    change({ role, rows: rowsOf(conditions, columns) }),
  );
  const changed = role !== based.role || !sameConditions(conditions, conditionsOf(based.rows));
  const other = now !== null && now.version !== based.version ? now : null;

  async function change(changes: UserChanges): Promise<void> {
    await finish(changeUser(based, changes));
  }
  async function finish(work: Promise<unknown>): Promise<void> {
    try {
      await work;
      onClose();
    } catch (error) {
      // Another admin has changed the user first. The list shows that change.
      if (!(error instanceof RefusedError && error.status === 412)) throw error;
    } finally {
      await reload("users");
    }
  }

  if (link !== null) {
    const title = words.settings.canChooseAnother(seen.name);
    return <LinkDialog {...{ title, link, onClose }} />;
  }
  return (
    <Dialog title={seen.name} open onOpenChange={onClose}>
      <p className={dialog.description}>{stateOf(now ?? seen)}</p>
      <form className={dialog.form} onSubmit={onSubmit}>
        <RoleField value={role} onChange={setRole} />
        <RestrictionFields value={conditions} onChange={setConditions} />
        <p className={styles.hint}>{words.settings.signsOut}</p>
        {other && (
          <p role="alert" className={styles.changed}>
            {words.settings.otherChanged(inWords(other))}{" "}
            <button type="button" onClick={() => setBased(other)}>
              {words.settings.saveMine}
            </button>
          </p>
        )}
        <FormEnd
          {...{ problem, busy }}
          blocked={other !== null || !changed}
          send={words.do.save}
          sending={words.settings.saving}
          onCancel={onClose}
        />
      </form>
      <div className={styles.more}>
        <Button
          disabled={busy}
          onClick={() => run(async () => setLink(await renewLink(seen.name)))}
        >
          {words.settings.newLink}
        </Button>
        {based.disabled ? (
          <Button
            disabled={busy || other !== null}
            onClick={() => run(() => change({ disabled: false }))}
          >
            {words.settings.enable}
          </Button>
        ) : (
          <ConfirmButton
            label={words.settings.disable}
            confirm={words.settings.disableNamed(seen.name, (now ?? seen).sessions)}
            disabled={busy || other !== null}
            onConfirm={() => run(() => change({ disabled: true }))}
          />
        )}
        <ConfirmButton
          label={words.settings.remove}
          confirm={words.settings.removeForGood(seen.name)}
          disabled={busy || other !== null}
          onConfirm={() => run(() => finish(removeUser(based)))}
        />
      </div>
    </Dialog>
  );
}

const inWords = ({ disabled, role, rows }: User): string =>
  [disabled && words.settings.disabled, words.access.roles[role], restrictionText(rows)]
    .filter(Boolean)
    .join(", ");
