import { useSchema } from "@/lib/use-schema";
import { listChoices } from "../api/system";
import { keyOf } from "../model/choice-draft";
import { ChoiceCard } from "./choice-card";
import { Listing } from "./listing";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";

/** The choices of every column that has some, the status of orders first. */
export function Statuses() {
  const { version } = useSchema();
  // Another schema: choices may have come or gone.
  const found = useListed("choices", listChoices, version);
  return (
    <>
      <p className={styles.hint}>
        Which step usually follows, and how long an order may wait before it needs attention. Every
        page follows at once; writers are not held to it.
      </p>
      <Listing
        found={found}
        label="Columns with choices"
        empty="No watched table has a column whose CHECK lists its values."
        row={(column) => <ChoiceCard key={keyOf(column)} saved={column} />}
      />
    </>
  );
}
