import type { ReactNode } from "react";
import styles from "./problem.module.css";

interface ProblemProps {
  id?: string | undefined;
  children: ReactNode;
}

/** What went wrong, read out when it does; nothing is shown while it is empty. */
export const Problem = ({ id, children }: ProblemProps) => (
  <p id={id} role="alert" className={styles.problem}>
    {children}
  </p>
);
