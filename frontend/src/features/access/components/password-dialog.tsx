import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { useToasts } from "@/components/toasts";
import type { Me } from "@/lib/protocol";
import { changePassword } from "../api/session";
import { PasswordField } from "./password-field";
import { PASSWORD_HINT } from "./set-up";
import { Problem } from "./sign-in";
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
    toasts.show({ tone: "good", title: "Password changed" });
    onClose();
  });
  return (
    <Dialog title="Change password" open onOpenChange={onClose}>
      <p className={dialog.description}>Your other sessions end.</p>
      <form className={dialog.form} onSubmit={onSubmit}>
        <input type="hidden" name="username" autoComplete="username" value={me.subject} readOnly />
        <PasswordField
          label="Present password"
          kind="current-password"
          value={current}
          onChange={setCurrent}
        />
        <PasswordField
          label="New password"
          kind="new-password"
          hint={PASSWORD_HINT}
          value={next}
          onChange={setNext}
          describedBy={`${id}-problem`}
        />
        <Problem id={`${id}-problem`} text={problem} />
        <div className={dialog.actions}>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" kind="primary" disabled={busy}>
            {busy ? "Saving…" : "Change password"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
