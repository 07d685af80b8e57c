import { RefusedError } from "real-time-orders";
import { useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { changeUser, removeUser, renewLink, type UserChanges } from "../api/people";
import type { Link, User } from "../api/shapes";
import { conditionsOf, restrictionText, rowsOf } from "../model/restriction";
import { stateOf } from "../model/user-state";
import { ConfirmButton } from "./confirm-button";
import { LinkToSend } from "./link-to-send";
import { RestrictionFields } from "./restriction-fields";
import { RoleField } from "./role-field";
import styles from "./settings.module.css";
import { useColumns } from "./tables-context";
import { reload, useForm } from "./use-settings";

interface UserDialogProps {
  /** The user as it was when the dialog was opened. */
  seen: User;
  /** The same now; null once it is removed. */
  now: User | null;
  onClose: () => void;
}

/** Change one user. What another admin changes meanwhile is shown, not overwritten unseen. */
export function UserDialog({ seen, now, onClose }: UserDialogProps) {
  const columns = useColumns();
  const [based, setBased] = useState(seen);
  const [role, setRole] = useState(seen.role);
  const [conditions, setConditions] = useState(() => conditionsOf(seen.rows));
  const [link, setLink] = useState<Link | null>(null);
  const { problem, busy, run, onSubmit } = useForm(() =>
    change({ role, rows: rowsOf(conditions, columns) }),
  );
  const other = now !== null && now.version !== based.version ? now : null;

  async function change(changes: UserChanges): Promise<void> {
    await finish(changeUser(based, changes));
  }
  async function finish(work: Promise<unknown>): Promise<void> {
    try {
      await work;
      onClose();
    } catch (error) {
      // Somebody was faster: the list shows what they did.
      if (!(error instanceof RefusedError && error.status === 412)) throw error;
    } finally {
      await reload("users");
    }
  }

  if (link !== null) {
    return (
      <Dialog title={`${seen.name} can choose another password`} open onOpenChange={onClose}>
        <LinkToSend link={link} onClose={onClose} />
      </Dialog>
    );
  }
  return (
    <Dialog title={seen.name} open onOpenChange={onClose}>
      <p className={dialog.description}>{stateOf(now ?? seen)}</p>
      <form className={dialog.form} onSubmit={onSubmit}>
        <RoleField value={role} onChange={setRole} />
        <RestrictionFields value={conditions} onChange={setConditions} />
        <p className={styles.hint}>Saving signs the user out everywhere.</p>
        {other && (
          <p role="alert" className={styles.changed}>
            Somebody else has changed this user: {other.disabled ? "disabled, " : ""}
            {other.role}, {restrictionText(other.rows)}. Nothing of yours was saved.{" "}
            <button type="button" onClick={() => setBased(other)}>
              Save mine all the same
            </button>
          </p>
        )}
        <FormEnd
          {...{ problem, busy }}
          blocked={other !== null}
          send="Save"
          sending="Saving…"
          onCancel={onClose}
        />
      </form>
      <div className={styles.more}>
        <Button
          disabled={busy}
          onClick={() => run(async () => setLink(await renewLink(seen.name)))}
        >
          New password link
        </Button>
        <Button
          disabled={busy || other !== null}
          onClick={() => run(() => change({ disabled: !based.disabled }))}
        >
          {based.disabled ? "Enable" : "Disable"}
        </Button>
        <ConfirmButton
          label="Remove"
          confirm={`Remove ${seen.name} for good`}
          disabled={busy || other !== null}
          onConfirm={() => run(() => finish(removeUser(based)))}
        />
      </div>
    </Dialog>
  );
}
