import { ArrowRight } from "lucide-react";
import type { Row } from "real-time-orders";
import { formatValue } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import styles from "./changes.module.css";

interface ChangesProps {
  row: Row;
  /** The old values of the columns that changed. */
  changed: Row;
}

/** Old and new values of the columns that an UPDATE changed. */
export function Changes({ row, changed }: ChangesProps) {
  const schema = useSchema();
  return (
    <dl className={styles.changes}>
      {Object.entries(changed).map(([name, before]) => {
        const column = schema.column(name);
        return (
          <div key={name}>
            <dt>{schema.label(name).toLowerCase()}</dt>
            <dd>
              <del>
                <bdi>{formatValue(before, column)}</bdi>
              </del>
              <ArrowRight size={12} aria-label="to" />
              <ins>
                <bdi>{formatValue(row[name], column)}</bdi>
              </ins>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
