import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { companyAddress, SIGNED_IN_PAGE } from "../model/company";
import { PasswordField } from "./password-field";
import { Problem } from "./sign-in";
import { useCompany } from "./use-company";
import { useSending } from "./use-sending";

interface SessionEndedProps {
  name: string;
  /** The user signs in with the company login and has no password here. */
  byCompany: boolean;
  onPassword: (name: string, password: string) => Promise<void>;
  onSignOut: () => void;
}

/** Covers the page until its user is back; what was typed waits behind it. */
export function SessionEnded({ name, byCompany, onPassword, onSignOut }: SessionEndedProps) {
  const Form = byCompany ? WithCompany : WithPassword;
  return (
    <Dialog title="Your session has ended" open onOpenChange={() => undefined} covers>
      <p className={dialog.description}>
        {byCompany ? "Sign in again as " : "Enter the password of "}
        <bdi>{name}</bdi> to go on. What you typed is still there.
      </p>
      <Form name={name} onPassword={onPassword} onSignOut={onSignOut} />
    </Dialog>
  );
}

type FormProps = Omit<SessionEndedProps, "byCompany">;

/** In another tab: leaving this one would lose what was typed. */
function WithCompany({ onSignOut }: FormProps) {
  const company = useCompany();
  return (
    <div className={dialog.actions}>
      <Button onClick={onSignOut}>Sign out</Button>
      <Button
        kind="primary"
        autoFocus
        onClick={() => void open(companyAddress(SIGNED_IN_PAGE), "_blank")}
      >
        Sign in{company && ` with ${company}`}
      </Button>
    </div>
  );
}

function WithPassword({ name, onPassword, onSignOut }: FormProps) {
  const id = useId();
  const [password, setPassword] = useState("");
  const { problem, busy, onSubmit } = useSending(() => onPassword(name, password));
  return (
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
  );
}
