import type { ReactElement, ReactNode } from "react";
import { Popup } from "./popup";
import styles from "./facts.module.css";

interface FactsProps {
  /** Values by label. Null and undefined values are left out. */
  facts: Readonly<Record<string, ReactNode>>;
  className?: string | undefined;
}

/** A list of labels with their values. */
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

interface FactsPopoverProps extends FactsProps {
  label: string;
  /** The button that opens the popover. */
  trigger: ReactElement;
  /** Actions below the facts. */
  children?: ReactNode;
}

export function FactsPopover({ label, trigger, facts, children }: FactsPopoverProps) {
  return (
    <Popup {...{ label, trigger }} align="end" className={styles.details}>
      <Facts facts={facts} />
      {children}
    </Popup>
  );
}
