import type { ComponentProps } from "react";
import styles from "./icon-button.module.css";

interface IconButtonProps extends ComponentProps<"button"> {
  /** What it does, for those who do not see the icon. */
  label: string;
}

/** A button that is an icon and nothing else. `--size` makes it larger or smaller. */
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
