import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/button";
import { formatExact } from "@/lib/format";
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
        <p className={styles.hint}>
          Tokens by which programs use the API and the stream. Revoking one closes its connections.
        </p>
        <Button kind="primary" onClick={() => setMaking(true)}>
          <Plus size={16} aria-hidden />
          New token
        </Button>
      </div>
      <p role="alert" className={styles.problem}>
        {problem}
      </p>
      <Listing
        found={found}
        label="Tokens of programs"
        empty="No program has a token that was made here."
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
        {token.role} · <bdi>{restrictionText(token.rows)}</bdi>
      </span>
      <span>
        made by <bdi>{token.made_by}</bdi> {formatExact(token.started)}, until{" "}
        {formatExact(token.ends)}
      </span>
    </div>
    <ConfirmButton
      label="Revoke"
      confirm={`Revoke ${token.subject}`}
      disabled={busy}
      onConfirm={onRevoke}
    />
  </li>
);
