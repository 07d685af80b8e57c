import { useState } from "react";
import { Button } from "@/components/button";

interface ConfirmButtonProps {
  label: string;
  /** The name for screen readers before the first press, if the label is not enough. */
  name?: string;
  /** Describes in full what the second press does. */
  confirm: string;
  disabled?: boolean;
  onConfirm: () => void;
}

/**
 * A button for an action that cannot be undone. After the first press it asks for a second one in the
 * same place.
 */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { label, name, confirm, disabled = false, onConfirm } = props;
  const [asking, setAsking] = useState(false);
  return (
    <Button
      kind={asking ? "danger" : "plain"}
      disabled={disabled}
      aria-label={asking ? undefined : name}
      onBlur={() => setAsking(false)}
      onClick={() => {
        setAsking(!asking);
        if (asking) onConfirm();
      }}
    >
      {asking ? confirm : label}
    </Button>
  );
}
