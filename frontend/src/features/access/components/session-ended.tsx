import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { PasswordField } from "./password-field";
import { Problem } from "./sign-in";
import { useSending } from "./use-sending";

interface SessionEndedProps {
  name: string;
  onPassword: (name: string, password: string) => Promise<void>;
  onSignOut: () => void;
}

/** Covers the page until its user is back; what was typed waits behind it. */
export function SessionEnded({ name, onPassword, onSignOut }: SessionEndedProps) {
  const id = useId();
  const [password, setPassword] = useState("");
  const { problem, busy, onSubmit } = useSending(() => onPassword(name, password));
  return (
    <Dialog title="Your session has ended" open onOpenChange={() => undefined} covers>
      <p className={dialog.description}>
        Enter the password of <bdi>{name}</bdi> to go on. What you typed is still there.
      </p>
      <form className={dialog.form} onSubmit={onSubmit}>
        <input type="hidden" name="username" autoComplete="username" value={name} readOnly />
        <PasswordField
          label="Password"
          kind="current-password"
          autoFocus
          value={password}
          onChange={setPassword}
          describedBy={`${id}-problem`}
        />
        <Problem id={`${id}-problem`} text={problem} />
        <div className={dialog.actions}>
          <Button onClick={onSignOut}>Sign out</Button>
          <Button type="submit" kind="primary" disabled={busy}>
            {busy ? "Signing in…" : "Go on"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
