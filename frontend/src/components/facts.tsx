import type { ReactNode } from "react";
import styles from "./facts.module.css";

interface FactsProps {
  /** By their labels; null and undefined leave a fact out. */
  facts: Readonly<Record<string, ReactNode>>;
  className?: string | undefined;
}

/** What is known of one thing, label by label. */
export function Facts({ facts, className = "" }: FactsProps) {
  return (
    <dl className={`${styles.facts} ${className}`}>
      {Object.entries(facts).map(
        ([label, fact]) =>
          fact != null && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{fact}</dd>
            </div>
          ),
      )}
    </dl>
  );
}
