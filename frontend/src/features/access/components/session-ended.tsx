import { useId, useState } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { FormEnd } from "@/components/form-end";
import { words } from "@/words";
import { companyAddress, SIGNED_IN_PAGE } from "../model/company";
import { PasswordField } from "./password-field";
import { useCompany } from "./use-company";
import { useSending } from "./use-sending";

interface SessionEndedProps {
  name: string;
  /** Whether the user signs in with the company login and has no password here. */
  byCompany: boolean;
  onPassword: (name: string, password: string) => Promise<void>;
  onSignOut: () => void;
}

/** Covers the page until the same user has signed in again. What was typed stays behind it. */
export function SessionEnded({ name, byCompany, onPassword, onSignOut }: SessionEndedProps) {
  const Form = byCompany ? WithCompany : WithPassword;
  return (
    <Dialog title={words.access.sessionEnded} open onOpenChange={() => undefined} covers>
      <p className={dialog.description}>
        {(byCompany ? words.access.againAs : words.access.passwordOf)(<bdi>{name}</bdi>)}
      </p>
      <Form name={name} onPassword={onPassword} onSignOut={onSignOut} />
    </Dialog>
  );
}

type FormProps = Omit<SessionEndedProps, "byCompany">;

/** The company login opens in another tab, because leaving this one would lose what was typed. */
function WithCompany({ onSignOut }: FormProps) {
  const company = useCompany();
  return (
    <div className={dialog.actions}>
      <Button onClick={onSignOut}>{words.access.signOut}</Button>
      <Button
        kind="primary"
        autoFocus
        onClick={() => void open(companyAddress(SIGNED_IN_PAGE), "_blank")}
      >
        {company === null ? words.access.signIn : words.access.withCompany(company)}
      </Button>
    </div>
  );
}

function WithPassword({ name, onPassword, onSignOut }: FormProps) {
  const id = useId();
  const [password, setPassword] = useState("");
  const { problem, busy, onSubmit } = useSending(
    () => onPassword(name, password),
    words.access.wrong,
  );
  return (
    <form className={dialog.form} onSubmit={onSubmit}>
      <input type="hidden" name="username" autoComplete="username" value={name} readOnly />
      <PasswordField
        label={words.access.password}
        kind="current-password"
        autoFocus
        value={password}
        onChange={setPassword}
        describedBy={`${id}-problem`}
      />
      <FormEnd
        id={`${id}-problem`}
        {...{ problem, busy }}
        send={words.access.goOn}
        sending={words.access.signingIn}
        cancel={words.access.signOut}
        onCancel={onSignOut}
      />
    </form>
  );
}
