import { useId } from "react";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import styles from "@/components/field.module.css";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import type { Draft } from "../model/drafts";
import { useOrders } from "./orders-context";

/**
 * Shows what was typed into rows that have been deleted. The dialog takes the focus, because the user
 * may still be typing.
 */
export function LostTextsDialog() {
  const { drafts } = useOrders().writes;
  const lost = useObservable(drafts.lost);
  return (
    <Dialog open stays title={words.lost.title}>
      <p className={dialog.description}>{words.lost.kept}</p>
      <div className={dialog.form}>
        {lost.map((draft, at) => (
          <LostText key={at} draft={draft} />
        ))}
        <div className={dialog.actions}>
          <Button onClick={() => drafts.lost.set([])}>{words.do.close}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function LostText({ draft: { table, key, label, text, plain = text } }: { draft: Draft }) {
  const { writes } = useOrders();
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{words.editing.label(writes.nameOf(table, key), label)}</label>
      <textarea id={id} ref={toEnd} defaultValue={plain} rows={3} dir="auto" spellCheck={false} />
    </div>
  );
}

const toEnd = (field: HTMLTextAreaElement | null): void =>
  field?.setSelectionRange(field.value.length, field.value.length);
