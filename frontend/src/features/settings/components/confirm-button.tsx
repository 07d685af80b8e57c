import { useState } from "react";
import { Button } from "@/components/button";

interface ConfirmButtonProps {
  label: string;
  /** What the second press does, in full. */
  confirm: string;
  disabled?: boolean;
  onConfirm: () => void;
}

/** A button for what cannot be undone: it asks once, in its own place. */
export function ConfirmButton({ label, confirm, disabled = false, onConfirm }: ConfirmButtonProps) {
  const [asking, setAsking] = useState(false);
  return (
    <Button
      kind={asking ? "danger" : "plain"}
      disabled={disabled}
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
