import { ArrowUp } from "lucide-react";
import { formatCount } from "@/lib/format";
import styles from "./news-button.module.css";

interface NewsButtonProps {
  count: number;
  /** What is counted: "order". */
  noun: string;
  onShow: () => void;
}

/** Shown over a list that is held still: the number of new items. `--top` places it. */
export function NewsButton({ count, noun, onShow }: NewsButtonProps) {
  if (count === 0) return null;
  return (
    <button type="button" className={styles.button} onClick={onShow}>
      <ArrowUp size={14} aria-hidden />
      {count === 1 ? `1 new ${noun}` : `${formatCount(count)} new ${noun}s`}
    </button>
  );
}
