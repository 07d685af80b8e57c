import { Check, Copy } from "lucide-react";
import { useId, useState } from "react";
import field from "@/components/field.module.css";
import { Button } from "@/components/button";
import { words } from "@/words";
import styles from "./settings.module.css";

interface SecretProps {
  label: string;
  value: string;
  hint: string;
}

/** A text to copy: a link or token that is shown only once, or a command. */
export function Secret({ label, value, hint }: SecretProps) {
  const id = useId();
  const [copied, setCopied] = useState(false);
  return (
    <div className={field.field}>
      <label htmlFor={id}>{label}</label>
      <div className={styles.copied}>
        <input
          id={id}
          readOnly
          value={value}
          aria-describedby={`${id}-hint`}
          onFocus={(event) => event.target.select()}
        />
        <Button
          onClick={() => {
            // Without HTTPS the page cannot copy, so the text is selected for the user to copy.
            document.getElementById(id)?.focus();
            if (!isSecureContext) return;
            navigator.clipboard.writeText(value).then(
              () => setCopied(true),
              () => undefined,
            );
          }}
        >
          {copied ? <Check size={16} aria-hidden /> : <Copy size={16} aria-hidden />}
          {copied ? words.settings.copied : words.settings.copy}
        </Button>
      </div>
      <p id={`${id}-hint`} className={field.hint}>
        {hint}
      </p>
    </div>
  );
}
