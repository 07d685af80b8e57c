import type { ReactNode } from "react";
import { words } from "@/words";
import { Button } from "./button";
import dialog from "./dialog.module.css";
import { Problem } from "./problem";

interface FormEndProps {
  /** The id of the problem's text, to which the field refers. */
  id?: string;
  problem: ReactNode;
  busy: boolean;
  /** Whether the form cannot be sent at present. */
  blocked?: boolean;
  /** The label of the button, and its label while the form is being sent. */
  send: string;
  sending: string;
  /** The label of the other button. */
  cancel?: string;
  onCancel: () => void;
}

/** The end of a form in a dialog: the problem, if any, and the buttons. */
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
