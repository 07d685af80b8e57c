import { useState } from "react";
import { Button } from "@/components/button";

interface ConfirmButtonProps {
  label: string;
  /** What a screen reader says at first, where the label is not enough. */
  name?: string;
  /** What the second press does, in full. */
  confirm: string;
  disabled?: boolean;
  onConfirm: () => void;
}

/** A button for what cannot be undone: it asks once, in its own place. */
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
