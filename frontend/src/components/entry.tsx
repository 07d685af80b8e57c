import type { ReactNode } from "react";
import styles from "./entry.module.css";

interface EntryProps {
  title: ReactNode;
  /** Facts, each on its own line. */
  facts: readonly ReactNode[];
  /** Whether the entry is switched off. */
  off?: boolean;
  /** Actions on the entry. */
  children?: ReactNode;
}

/** An entry of a list: title, facts and actions. */
export const Entry = ({ title, facts, off = false, children }: EntryProps) => (
  <li className={styles.item} data-off={off}>
    <div className={styles.facts}>
      <strong>{title}</strong>
      {facts.map((fact, at) => (
        <span key={at}>{fact}</span>
      ))}
    </div>
    {children}
  </li>
);
