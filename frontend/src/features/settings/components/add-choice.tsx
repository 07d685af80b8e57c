import { useId, useState } from "react";
import { Problem } from "@/components/problem";
import { Button } from "@/components/button";
import { words } from "@/words";
import type { ChoiceColumn } from "../api/shapes";
import { addChoice } from "../api/system";
import { Secret } from "./secret";
import styles from "./settings.module.css";
import { useForm } from "@/lib/use-form";
import { reload } from "./use-settings";

/** Adds a choice to a column, or shows how the owner of the type adds one. */
export function AddChoice({ to }: { to: ChoiceColumn }) {
  const id = useId();
  const [choice, setChoice] = useState("");
  const [statement, setStatement] = useState<string | null>(null);
  const { problem, busy, onSubmit } = useForm(async () => {
    const outcome = await addChoice(to, choice.trim());
    setStatement(outcome.statement);
    if (!outcome.done) return;
    setChoice("");
    await reload("choices");
  });
  return (
    <form className={styles.addition} onSubmit={onSubmit}>
      <div className={styles.inline}>
        <label htmlFor={id}>{words.settings.newValue}</label>
        <input
          id={id}
          required
          maxLength={63}
          autoComplete="off"
          value={choice}
          onChange={(event) => setChoice(event.target.value)}
        />
        <Button type="submit" disabled={busy || choice.trim() === ""}>
          {words.settings.add}
        </Button>
      </div>
      <Problem>{problem}</Problem>
      {statement !== null && (
        <Secret label={words.settings.forOwner} value={statement} hint={words.settings.ownerRuns} />
      )}
    </form>
  );
}
