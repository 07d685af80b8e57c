import type { ReactNode } from "react";
import { words } from "@/words";
import { Button } from "./button";
import dialog from "./dialog.module.css";

interface FormEndProps {
  problem: ReactNode;
  busy: boolean;
  /** The form cannot be sent as it is. */
  blocked?: boolean;
  /** What the button says, and while it is busy. */
  send: string;
  sending: string;
  onCancel: () => void;
}

/** The end of a form in a dialog: what went wrong, and the buttons. */
export const FormEnd = ({ problem, busy, blocked, send, sending, onCancel }: FormEndProps) => (
  <>
    <p role="alert" className={dialog.problem}>
      {problem}
    </p>
    <div className={dialog.actions}>
      <Button onClick={onCancel}>{words.do.cancel}</Button>
      <Button type="submit" kind="primary" disabled={busy || blocked}>
        {busy ? sending : send}
      </Button>
    </div>
  </>
);
