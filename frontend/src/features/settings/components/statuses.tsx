import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { listChoices } from "../api/system";
import { keyOf } from "../model/choice-draft";
import { ChoiceCard } from "./choice-card";
import { Listing } from "./listing";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";

/** The choices of every column that has choices; the status of orders is first. */
export function Statuses() {
  const { version } = useSchema();
  // Another version of the schema may have other choices.
  const found = useListed("choices", listChoices, version);
  return (
    <>
      <p className={styles.hint}>{words.settings.statusesIntro}</p>
      <Listing
        found={found}
        label={words.settings.choiceColumns}
        empty={words.settings.noChoices}
        row={(column) => <ChoiceCard key={keyOf(column)} saved={column} />}
      />
    </>
  );
}
