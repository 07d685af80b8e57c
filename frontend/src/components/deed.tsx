import { statusColour } from "@/components/status-badge";
import type { EventWords } from "@/lib/event-words";
import { capital, visibleStatus } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import styles from "./deed.module.css";

interface DeedProps {
  told: EventWords;
  /** Whether the text begins a sentence. */
  first?: boolean;
}

/** Says what was done, such as "moved to shipped" or "created". */
export function Deed({ told: { did, status }, first = false }: DeedProps) {
  const schema = useSchema();
  const { deeds } = words;
  if (did !== "moved" || status === null) {
    const done = deeds[did === "moved" ? "changed" : did];
    return first ? capital(done) : done;
  }
  const shown = (
    <b className={styles.status} {...statusColour(schema, status)}>
      <bdi>{visibleStatus(status)}</bdi>
    </b>
  );
  return first ? deeds.firstMovedTo(shown) : deeds.movedTo(shown);
}

/** Says who made a change; nothing if that is not known. */
export function By({ actor }: { actor: string | null }) {
  if (actor === null) return null;
  return <span className={styles.by}>{words.deeds.by(<bdi>{actor}</bdi>)}</span>;
}
