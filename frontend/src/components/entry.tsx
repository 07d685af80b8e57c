import type { ReactNode } from "react";
import styles from "./entry.module.css";

interface EntryProps {
  title: ReactNode;
  /** One in each line. */
  facts: readonly ReactNode[];
  /** Whether it is switched off. */
  off?: boolean;
  /** What can be done with it. */
  children?: ReactNode;
}

/** An entry of a list: what it is, facts about it, and what can be done with it. */
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
