import { ArrowUp } from "lucide-react";
import { formatNumber } from "@/lib/format";
import styles from "./news-button.module.css";

interface NewsButtonProps {
  count: number;
  /** What there are so many of: "order". */
  noun: string;
  onShow: () => void;
}

/** Over a list that stands still: what has come meanwhile, and the way to it. `--top` places it. */
export function NewsButton({ count, noun, onShow }: NewsButtonProps) {
  if (count === 0) return null;
  return (
    <button type="button" className={styles.button} onClick={onShow}>
      <ArrowUp size={14} aria-hidden />
      {count === 1 ? `1 new ${noun}` : `${formatNumber(count)} new ${noun}s`}
    </button>
  );
}
