import { type ReactNode, useId, useState } from "react";
import { Button } from "@/components/button";
import field from "@/components/field.module.css";
import { LanguageSelect } from "@/components/language-select";
import { Problem } from "@/components/problem";
import { words } from "@/words";
import { companyAddress, type Reason } from "../model/company";
import { PasswordField } from "./password-field";
import styles from "./sign-in.module.css";
import { useCompany } from "./use-company";
import { useSending } from "./use-sending";

interface SignInProps {
  /** Why the user was signed out; null without a reason. */
  reason: Reason | null;
  onPassword: (name: string, password: string) => Promise<void>;
  onToken: (token: string) => Promise<void>;
}

export function SignIn({ reason, onPassword, onToken }: SignInProps) {
  const [byToken, setByToken] = useState(false);
  const other = (
    <button type="button" className={styles.other} onClick={() => setByToken(!byToken)}>
      {byToken ? words.access.byPassword : words.access.byToken}
    </button>
  );
  return byToken ? (
    <ByToken onToken={onToken} other={other} />
  ) : (
    <ByPassword reason={reason} onPassword={onPassword} other={other} />
  );
}

interface ByPasswordProps extends Pick<SignInProps, "reason" | "onPassword"> {
  other: ReactNode;
}

function ByPassword({ reason, onPassword, other }: ByPasswordProps) {
  const id = useId();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { problem, busy, onSubmit } = useSending(
    () => onPassword(name, password),
    words.access.wrong,
  );
  const company = useCompany();
  const [tried, setTried] = useState(false);
  const isOld = reason !== null && !tried;
  const said = (
    <Problem id={`${id}-problem`}>{isOld ? words.access.reasons[reason] : problem}</Problem>
  );
  return (
    <Card
      title={words.page.product}
      onSubmit={(event) => {
        setTried(true);
        onSubmit(event);
      }}
    >
      {isOld && said}
      {company !== null && (
        <>
          <a className={styles.company} href={companyAddress(location.pathname + location.search)}>
            {words.access.withCompany(company)}
          </a>
          <p className={styles.or}>{words.access.orByPassword}</p>
        </>
      )}
      <div className={field.field}>
        <label htmlFor={id}>{words.access.name}</label>
        <input
          id={id}
          name="username"
          required
          autoFocus
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </div>
      <PasswordField
        label={words.access.password}
        kind="current-password"
        value={password}
        onChange={setPassword}
        describedBy={`${id}-problem`}
      />
      {!isOld && said}
      <Button type="submit" kind={company === null ? "primary" : "plain"} disabled={busy}>
        {busy ? words.access.signingIn : words.access.signIn}
      </Button>
      {other}
    </Card>
  );
}

interface ByTokenProps extends Pick<SignInProps, "onToken"> {
  other: ReactNode;
}

function ByToken({ onToken, other }: ByTokenProps) {
  const id = useId();
  const [token, setToken] = useState("");
  const { problem, busy, onSubmit } = useSending(() => onToken(token.trim()));
  return (
    <Card title={words.page.product} onSubmit={onSubmit}>
      <div className={field.field}>
        <label htmlFor={id}>{words.access.token}</label>
        <textarea
          id={id}
          name="token"
          rows={4}
          required
          autoFocus
          autoComplete="off"
          spellCheck={false}
          value={token}
          aria-describedby={`${id}-problem`}
          onChange={(event) => setToken(event.target.value)}
        />
      </div>
      <Problem id={`${id}-problem`}>{problem}</Problem>
      <Button type="submit" kind="primary" disabled={busy || token.trim() === ""}>
        {busy ? words.access.signingIn : words.access.signIn}
      </Button>
      {other}
    </Card>
  );
}

interface CardProps {
  title: string;
  onSubmit: ReturnType<typeof useSending>["onSubmit"];
  children: ReactNode;
}

/** The frame of a form that is alone on the page. */
export function Card({ title, onSubmit, children }: CardProps) {
  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={onSubmit}>
        <img src="/icon.svg" alt="" width={40} height={40} />
        <h1>{title}</h1>
        {children}
        <LanguageSelect />
      </form>
    </main>
  );
}
