import { SearchX } from "lucide-react";
import { Button } from "@/components/button";
import styles from "./blank.module.css";

export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <div className={styles.blank}>
      <SearchX size={32} strokeWidth={1.5} aria-hidden />
      <h3>No order matches</h3>
      <p>Orders that come to match appear here by themselves.</p>
      <Button onClick={onClear}>Show all orders</Button>
    </div>
  );
}
