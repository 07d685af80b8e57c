import { CloudOff } from "lucide-react";
import { Button } from "@/components/button";
import type { OrdersFeed } from "../model/orders-feed";
import styles from "./blank.module.css";

interface OrdersProblemProps {
  problem: Error;
  feed: OrdersFeed;
  /** One line above orders that are still shown. */
  inline?: boolean;
}

export function OrdersProblem({ problem, feed, inline = false }: OrdersProblemProps) {
  const retry = () => feed.reload();
  if (inline) {
    return (
      <div className={styles.inline} role="alert">
        <span>Orders could not be loaded. {problem.message}</span>
        <button type="button" onClick={retry}>
          Try again
        </button>
      </div>
    );
  }
  return (
    <div className={styles.blank} role="alert">
      <CloudOff size={32} strokeWidth={1.5} aria-hidden />
      <h3>Orders cannot be loaded</h3>
      <p>{problem.message} This page keeps trying by itself.</p>
      <Button onClick={retry}>Try now</Button>
    </div>
  );
}
