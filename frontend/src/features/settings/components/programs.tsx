import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { formatExact } from "@/lib/format";
import { words } from "@/words";
import { listTokens, revokeToken } from "../api/people";
import type { ProgramToken } from "../api/shapes";
import { restrictionText } from "../model/restriction";
import { ConfirmButton } from "./confirm-button";
import { Listing } from "./listing";
import { NewTokenDialog } from "./new-token-dialog";
import styles from "./settings.module.css";
import { useChange, useListed } from "./use-settings";

export function Programs() {
  const found = useListed("tokens", listTokens);
  const { change, busy, problem } = useChange("tokens", revokeToken);
  const [making, setMaking] = useState(false);
  return (
    <>
      <div className={styles.intro}>
        <p className={styles.hint}>{words.settings.tokensIntro}</p>
        <Button kind="primary" onClick={() => setMaking(true)}>
          <Plus size={16} aria-hidden />
          {words.settings.newToken}
        </Button>
      </div>
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      <Listing
        found={found}
        label={words.settings.tokens}
        empty={words.settings.noTokens}
        row={(token) => (
          <Item key={token.id} token={token} busy={busy} onRevoke={() => change(token.id)} />
        )}
      />
      {making && <NewTokenDialog onClose={() => setMaking(false)} />}
    </>
  );
}

interface ItemProps {
  token: ProgramToken;
  busy: boolean;
  onRevoke: () => void;
}

const Item = ({ token, busy, onRevoke }: ItemProps) => (
  <li className={styles.item}>
    <div className={styles.facts}>
      <strong>
        <bdi>{token.subject}</bdi>
      </strong>
      <span>
        {words.access.roles[token.role]} · <bdi>{restrictionText(token.rows)}</bdi>
      </span>
      <span>
        {words.settings.madeBy(
          <bdi>{token.made_by}</bdi>,
          formatExact(token.started),
          formatExact(token.ends),
        )}
      </span>
    </div>
    <ConfirmButton
      label={words.settings.revoke}
      confirm={words.settings.revokeNamed(token.subject)}
      disabled={busy}
      onConfirm={onRevoke}
    />
  </li>
);
