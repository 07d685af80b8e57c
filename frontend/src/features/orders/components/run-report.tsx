import { RotateCw, X } from "lucide-react";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatCount } from "@/lib/format";
import type { Run } from "../model/status-runs";
import { useOrders } from "./orders-context";
import styles from "./selection-bar.module.css";

const MOST_NAMED = 100;

/** How far a change of many orders is; at its end which failed, and why. */
export function RunReport({ run }: { run: Run }) {
  const { runs, openOrder } = useOrders();
  const { done, total, failures, isRunning } = run;
  return (
    <>
      {failures.length > 0 && (
        <ul className={styles.failures} aria-label="Not changed">
          {failures.slice(0, MOST_NAMED).map(({ order, reason }) => (
            <li key={String(order.id)}>
              <a
                href={`/orders/${order.id}`}
                onClick={(event) => {
                  event.preventDefault();
                  openOrder(order.id);
                }}
              >
                #{String(order.id)}
              </a>{" "}
              was not changed: {reason}
            </li>
          ))}
          {failures.length > MOST_NAMED && (
            <li>and {formatCount(failures.length - MOST_NAMED)} more</li>
          )}
        </ul>
      )}
      <div className={styles.line}>
        <span className={styles.count} role="status">
          {isRunning
            ? `${formatCount(done)} of ${formatCount(total)} changed…`
            : `${formatCount(done)} changed, ${formatCount(failures.length)} not`}
        </span>
        {isRunning ? (
          <>
            <progress className={styles.progress} value={done + failures.length} max={total} />
            <Button onClick={() => void runs.load().then((made) => made.stop())}>Stop</Button>
          </>
        ) : (
          <>
            {failures.some(({ isFinal }) => !isFinal) && (
              <Button kind="primary" onClick={() => void runs.load().then((made) => made.retry())}>
                <RotateCw size={16} aria-hidden />
                Try again
              </Button>
            )}
            <IconButton
              label="Dismiss"
              onClick={() => void runs.load().then((made) => made.dismiss())}
            >
              <X size={16} aria-hidden />
            </IconButton>
          </>
        )}
      </div>
    </>
  );
}
