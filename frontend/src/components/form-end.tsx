import type { ReactNode } from "react";
import { words } from "@/words";
import { Button } from "./button";
import dialog from "./dialog.module.css";
import { Problem } from "./problem";

interface FormEndProps {
  /** Of the problem, for the field that it is about. */
  id?: string;
  problem: ReactNode;
  busy: boolean;
  /** The form cannot be sent as it is. */
  blocked?: boolean;
  /** What the button says, and while it is busy. */
  send: string;
  sending: string;
  /** What the other button says. */
  cancel?: string;
  onCancel: () => void;
}

/** The end of a form in a dialog: what went wrong, and the buttons. */
export const FormEnd = (props: FormEndProps) => (
  <>
    <Problem id={props.id}>{props.problem}</Problem>
    <div className={dialog.actions}>
      <Button onClick={props.onCancel}>{props.cancel ?? words.do.cancel}</Button>
      <Button type="submit" kind="primary" disabled={props.busy || props.blocked}>
        {props.busy ? props.sending : props.send}
      </Button>
    </div>
  </>
);
