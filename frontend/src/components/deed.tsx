import { statusColour } from "@/components/status-badge";
import { capital, type EventWords } from "@/lib/event-words";
import { visibleStatus } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import styles from "./deed.module.css";

interface DeedProps {
  words: EventWords;
  /** Whether a sentence begins with it. */
  first?: boolean;
}

/** What was done: "moved to shipped", "created". */
export function Deed({ words: { did, status }, first = false }: DeedProps) {
  const schema = useSchema();
  const done = first ? capital(did) : did;
  if (status === null) return done;
  return (
    <>
      {done}{" "}
      <b className={styles.status} {...statusColour(schema, status)}>
        <bdi>{visibleStatus(status)}</bdi>
      </b>
    </>
  );
}

/** Who did it, where that is known. */
export function By({ actor }: { actor: string | null }) {
  if (actor === null) return null;
  return (
    <span className={styles.by}>
      {" by "}
      <bdi>{actor}</bdi>
    </span>
  );
}
