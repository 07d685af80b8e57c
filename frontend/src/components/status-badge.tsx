import type { ReactNode } from "react";
import type { Status } from "@/lib/protocol";
import styles from "./status-badge.module.css";

/** The status in words; the colour only repeats it. */
export function StatusBadge({ status, children }: { status: Status; children?: ReactNode }) {
  return (
    <span className={styles.badge} data-status={status}>
      <span className={styles.dot} aria-hidden />
      {status}
      {children}
    </span>
  );
}
