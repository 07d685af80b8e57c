import type { ComponentProps } from "react";
import styles from "./button.module.css";

interface ButtonProps extends ComponentProps<"button"> {
  kind?: "primary" | "plain" | "danger";
}

export function Button({ kind = "plain", type = "button", className = "", ...props }: ButtonProps) {
  return (
    <button {...props} type={type} className={`${styles.button} ${className}`} data-kind={kind} />
  );
}
