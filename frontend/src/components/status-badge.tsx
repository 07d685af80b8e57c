import type { ReactNode } from "react";
import { visibleStatus } from "@/lib/format";
import type { OrderSchema } from "@/lib/schema";
import { useSchema } from "@/lib/use-schema";
import styles from "./status-badge.module.css";

const HUES = 4;

/** Returns the attributes by which base.css colours a status. A status that is not declared is grey. */
export function statusColour({ statuses }: OrderSchema, status: string) {
  const at = statuses.indexOf(status);
  return { "data-status": status, "data-hue": at < 0 ? undefined : at % HUES };
}

/** The status as text. The colour gives no further information. */
export function StatusBadge({ status, children }: { status: string; children?: ReactNode }) {
  const schema = useSchema();
  return (
    <span className={styles.badge} {...statusColour(schema, status)}>
      <span className={styles.dot} aria-hidden />
      <bdi className={styles.text}>{visibleStatus(status)}</bdi>
      {children}
    </span>
  );
}
