import { Plus } from "lucide-react";
import { useState } from "react";
import { Problem } from "@/components/problem";
import { Button } from "@/components/button";
import { Entry } from "@/components/entry";
import { formatExact } from "@/lib/format";
import { words } from "@/words";
import { listTokens, revokeToken } from "../api/people";
import { ConfirmButton } from "./confirm-button";
import { Listing } from "./listing";
import { NewTokenDialog } from "./new-token-dialog";
import { roleText } from "./role-field";
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
      <Problem>{problem}</Problem>
      <Listing
        found={found}
        label={words.settings.tokens}
        empty={words.settings.noTokens}
        row={({ id, subject, role, rows, made_by, started, ends }) => (
          <Entry
            key={id}
            title={<bdi>{subject}</bdi>}
            facts={[
              roleText(role, rows),
              words.settings.madeBy(<bdi>{made_by}</bdi>, formatExact(started), formatExact(ends)),
            ]}
          >
            <ConfirmButton
              label={words.settings.revoke}
              confirm={words.settings.revokeNamed(subject)}
              disabled={busy}
              onConfirm={() => change(id)}
            />
          </Entry>
        )}
      />
      {making && <NewTokenDialog onClose={() => setMaking(false)} />}
    </>
  );
}
