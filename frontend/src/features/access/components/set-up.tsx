import { useEffect, useId, useState } from "react";
import { Button } from "@/components/button";
import { Problem } from "@/components/problem";
import { messageOf } from "@/lib/format";
import { words } from "@/words";
import { whoseLink } from "../api/session";
import { PasswordField } from "./password-field";
import { Card } from "./sign-in";
import styles from "./sign-in.module.css";
import { useSending } from "./use-sending";

interface SetUpProps {
  link: string;
  onPassword: (password: string) => Promise<void>;
}

/** The page on which a user with a link chooses a password. */
export function SetUp({ link, onPassword }: SetUpProps) {
  const id = useId();
  const [name, setName] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [password, setPassword] = useState("");
  const { problem, busy, onSubmit } = useSending(() => onPassword(password));
  useEffect(() => {
    whoseLink(link).then(setName, (error: unknown) => setRefusal(messageOf(error)));
  }, [link]);
  if (refusal !== null) {
    return (
      <Card title={words.access.linkUnusable} onSubmit={onSubmit}>
        <p className={styles.text}>{refusal}</p>
        <a href="/" className={styles.other}>
          {words.access.byPassword}
        </a>
      </Card>
    );
  }
  return (
    <Card title={words.access.choosePassword} onSubmit={onSubmit}>
      {name !== null && (
        <p className={styles.text}>{words.access.willSignInAs(<bdi>{name}</bdi>)}</p>
      )}
      <input type="hidden" name="username" autoComplete="username" value={name ?? ""} readOnly />
      <PasswordField
        label={words.access.newPassword}
        kind="new-password"
        hint={words.access.passwordHint}
        autoFocus
        value={password}
        onChange={setPassword}
        describedBy={`${id}-problem`}
      />
      <Problem id={`${id}-problem`}>{problem}</Problem>
      <Button type="submit" kind="primary" disabled={busy || name === null}>
        {busy ? words.access.saving : words.access.saveAndSignIn}
      </Button>
    </Card>
  );
}
