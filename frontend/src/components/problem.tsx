import type { ReactNode } from "react";
import styles from "./problem.module.css";

interface ProblemProps {
  id?: string | undefined;
  children: ReactNode;
}

/** The text of a problem, which screen readers read out when it appears. Empty without a problem. */
export const Problem = ({ id, children }: ProblemProps) => (
  <p id={id} role="alert" className={styles.problem}>
    {children}
  </p>
);
