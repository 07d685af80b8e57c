import { Eye, EyeOff } from "lucide-react";
import { useId, useState } from "react";
import field from "@/components/field.module.css";
import { IconButton } from "@/components/icon-button";
import { words } from "@/words";
import styles from "./password-field.module.css";

interface PasswordFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** The hint for password managers. */
  kind: "current-password" | "new-password";
  hint?: string;
  autoFocus?: boolean;
  describedBy?: string;
}

export function PasswordField({
  label,
  value,
  onChange,
  kind,
  hint,
  autoFocus = false,
  describedBy = "",
}: PasswordFieldProps) {
  const id = useId();
  const [shown, setShown] = useState(false);
  return (
    <div className={field.field}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.box}>
        <input
          id={id}
          name={kind}
          type={shown ? "text" : "password"}
          required
          autoComplete={kind}
          autoCapitalize="none"
          spellCheck={false}
          autoFocus={autoFocus}
          value={value}
          aria-describedby={`${hint ? `${id}-hint ` : ""}${describedBy}`.trim() || undefined}
          onChange={(event) => onChange(event.target.value)}
        />
        <IconButton
          className={styles.eye}
          label={shown ? words.access.hidePassword : words.access.showPassword}
          onClick={() => setShown(!shown)}
        >
          {shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
        </IconButton>
      </div>
      {hint && (
        <p id={`${id}-hint`} className={field.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
