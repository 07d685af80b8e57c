import type { ComponentProps } from "react";
import styles from "./icon-button.module.css";

interface IconButtonProps extends ComponentProps<"button"> {
  /** What the button does, for screen readers. */
  label: string;
}

/** A button with an icon only. `--size` sets its size. */
export function IconButton({ label, className = "", ...props }: IconButtonProps) {
  return (
    <button
      type="button"
      {...props}
      aria-label={label}
      className={`${styles.button} ${className}`}
    />
  );
}
