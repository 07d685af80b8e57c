import { useEffect, useId, useState } from "react";
import { Button } from "@/components/button";
import { messageOf } from "@/lib/format";
import { whoseLink } from "../api/session";
import { PasswordField } from "./password-field";
import { Card, Problem } from "./sign-in";
import styles from "./sign-in.module.css";
import { useSending } from "./use-sending";

export const PASSWORD_HINT = "At least 8 characters; several words are best.";

interface SetUpProps {
  link: string;
  onPassword: (password: string) => Promise<void>;
}

/** A user who was sent a link chooses a password. */
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
      <Card title="This link cannot be used" onSubmit={onSubmit}>
        <p className={styles.text}>{refusal}</p>
        <a href="/" className={styles.other}>
          Sign in with a password
        </a>
      </Card>
    );
  }
  return (
    <Card title="Choose a password" onSubmit={onSubmit}>
      {name !== null && (
        <p className={styles.text}>
          You will sign in as <bdi>{name}</bdi>.
        </p>
      )}
      <input type="hidden" name="username" autoComplete="username" value={name ?? ""} readOnly />
      <PasswordField
        label="New password"
        kind="new-password"
        hint={PASSWORD_HINT}
        autoFocus
        value={password}
        onChange={setPassword}
        describedBy={`${id}-problem`}
      />
      <Problem id={`${id}-problem`} text={problem} />
      <Button type="submit" kind="primary" disabled={busy || name === null}>
        {busy ? "Saving…" : "Save and sign in"}
      </Button>
    </Card>
  );
}
