import { ArrowUp } from "lucide-react";
import { type Words, words } from "@/words";
import styles from "./news-button.module.css";

interface NewsButtonProps {
  count: number;
  /** The kind of items that are counted. */
  noun: keyof Words["news"];
  onShow: () => void;
}

/**
 * A button over a list whose rows are held, with the number of new items. `--top` sets its position.
 */
export function NewsButton({ count, noun, onShow }: NewsButtonProps) {
  if (count === 0) return null;
  return (
    <button type="button" className={styles.button} onClick={onShow}>
      <ArrowUp size={14} aria-hidden />
      {words.news[noun](count)}
    </button>
  );
}
