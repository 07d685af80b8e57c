import type { ColumnChange, EventWords } from "@/lib/event-words";
import { visibleStatus } from "@/lib/format";
import { words } from "@/words";
import styles from "./changes.module.css";

/** The changed columns with old and new values. `was` is the previous status, if it is known. */
export function Changes({ changes, was }: Pick<EventWords, "changes" | "was">) {
  if (changes.length === 0 && was === null) return null;
  return (
    <dl className={styles.changes}>
      {was !== null && (
        <div>
          <dt>{words.deeds.was} </dt>
          <dd>
            <bdi>{visibleStatus(was)}</bdi>
          </dd>
        </div>
      )}
      {changes.map(({ label, from, to }) => (
        <div key={label}>
          <dt>
            <bdi>{label}</bdi>{" "}
          </dt>
          <dd>
            <Values from={from} to={to} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Values({ from, to }: Pick<ColumnChange, "from" | "to">) {
  const [before, after] = [from && <bdi>{from}</bdi>, to && <bdi>{to}</bdi>];
  if (to === null) return <del>{words.deeds.valueRemoved(before)}</del>;
  const is = <ins>{after}</ins>;
  return from === null ? words.deeds.setTo(is) : words.deeds.fromTo(<del>{before}</del>, is);
}
