import { type SubmitEvent, useId, useState } from "react";
import { Button } from "@/components/button";
import { messageOf } from "@/lib/format";
import styles from "./sign-in.module.css";

interface SignInProps {
  /** Why the user was signed out, if so. */
  reason: string | null;
  onToken: (token: string) => Promise<void>;
}

export function SignIn({ reason, onToken }: SignInProps) {
  const id = useId();
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState(reason);
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await onToken(token.trim());
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  }

  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={(event) => void submit(event)}>
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>Real-Time Orders</h1>
        <label htmlFor={id}>Your token</label>
        <textarea
          id={id}
          name="token"
          rows={4}
          required
          autoComplete="off"
          spellCheck={false}
          value={token}
          aria-describedby={`${id}-problem`}
          onChange={(event) => setToken(event.target.value)}
        />
        <p className={styles.hint}>
          The operator of this system creates one with <code>orders token --role clerk</code>
        </p>
        <p id={`${id}-problem`} role="alert" className={styles.problem}>
          {problem}
        </p>
        <Button type="submit" kind="primary" disabled={busy || token.trim() === ""}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
      </form>
    </main>
  );
}
