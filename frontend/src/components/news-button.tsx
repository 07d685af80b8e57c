import { ArrowUp } from "lucide-react";
import { type Words, words } from "@/words";
import styles from "./news-button.module.css";

interface NewsButtonProps {
  count: number;
  /** What is counted. */
  noun: keyof Words["news"];
  onShow: () => void;
}

/** Shown over a list that is held still: the number of new items. `--top` places it. */
export function NewsButton({ count, noun, onShow }: NewsButtonProps) {
  if (count === 0) return null;
  return (
    <button type="button" className={styles.button} onClick={onShow}>
      <ArrowUp size={14} aria-hidden />
      {words.news[noun](count)}
    </button>
  );
}
