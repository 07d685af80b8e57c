import { Component, type ReactNode } from "react";
import { messageOf } from "@/lib/format";
import { words } from "@/words";
import styles from "./panel.module.css";

interface BoundaryProps {
  /** The name of the part of the page, such as "The order table". */
  part: string;
  children: ReactNode;
}

/**
 * Contains an error in one part of the page: it names the failed part, and the other parts keep
 * working.
 */
export class Boundary extends Component<BoundaryProps, { error: unknown }> {
  override state: { error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    return (
      <div className={styles.failed} role="alert">
        <p>{words.page.cannotBeShown(this.props.part, messageOf(error))}</p>
        <button type="button" onClick={() => this.setState({ error: null })}>
          {words.do.tryAgain}
        </button>
      </div>
    );
  }
}
