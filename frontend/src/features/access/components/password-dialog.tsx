import { useId, useState } from "react";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { useToasts } from "@/components/toasts";
import type { Me } from "@/lib/protocol";
import { words } from "@/words";
import { changePassword } from "../api/session";
import { PasswordField } from "./password-field";
import { useSending } from "./use-sending";

interface PasswordDialogProps {
  me: Me;
  onRenewed: (me: Me) => void;
  onClose: () => void;
}

export function PasswordDialog({ me, onRenewed, onClose }: PasswordDialogProps) {
  const id = useId();
  const toasts = useToasts();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const { problem, busy, onSubmit } = useSending(async () => {
    onRenewed(await changePassword(current, next));
    toasts.show({ tone: "good", title: words.access.passwordChanged });
    onClose();
  });
  return (
    <Dialog title={words.access.changePassword} open onOpenChange={onClose}>
      <p className={dialog.description}>{words.access.othersEnd}</p>
      <form className={dialog.form} onSubmit={onSubmit}>
        <input type="hidden" name="username" autoComplete="username" value={me.subject} readOnly />
        <PasswordField
          label={words.access.presentPassword}
          kind="current-password"
          value={current}
          onChange={setCurrent}
        />
        <PasswordField
          label={words.access.newPassword}
          kind="new-password"
          hint={words.access.passwordHint}
          value={next}
          onChange={setNext}
          describedBy={`${id}-problem`}
        />
        <FormEnd
          id={`${id}-problem`}
          {...{ problem, busy }}
          send={words.access.changePassword}
          sending={words.access.saving}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}
