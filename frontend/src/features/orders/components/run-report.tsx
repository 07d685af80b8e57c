import { RotateCw, X } from "lucide-react";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { OrderLink } from "@/components/order-link";
import { formatCount } from "@/lib/format";
import { words } from "@/words";
import type { Run } from "../model/status-runs";
import { useOrders } from "./orders-context";
import styles from "./selection-bar.module.css";

const MOST_NAMED = 100;

/** The progress of a change of many orders; at its end, which orders failed and why. */
export function RunReport({ run }: { run: Run }) {
  const { runs, openOrder } = useOrders();
  const { isDelete, done, total, failures, isRunning } = run;
  const say = words.selection;
  const own = failures.filter(({ status }) => (status === null) === isDelete);
  return (
    <>
      {failures.length > 0 && (
        <ul className={styles.failures} aria-label={isDelete ? say.notDeleted : say.notChanged}>
          {failures.slice(0, MOST_NAMED).map(({ order, status, reason }) => (
            <li key={`${order.id} ${status}`}>
              {(status === null ? say.wasNotDeleted : say.wasNotChanged)(
                <OrderLink order={order.id} onOpen={openOrder} />,
                reason,
              )}
            </li>
          ))}
          {failures.length > MOST_NAMED && (
            <li>{words.selection.andMore(formatCount(failures.length - MOST_NAMED))}</li>
          )}
        </ul>
      )}
      <div className={styles.line}>
        <span className={styles.count} role="status">
          {isRunning
            ? words.selection.progress(formatCount(done), formatCount(total))
            : (isDelete ? say.deleted : say.result)(formatCount(done), formatCount(own.length))}
        </span>
        {isRunning ? (
          <>
            <progress className={styles.progress} value={done + failures.length} max={total} />
            <Button onClick={() => void runs.load().then((made) => made.stop())}>
              {words.selection.stop}
            </Button>
          </>
        ) : (
          <>
            {failures.some(({ isFinal }) => !isFinal) && (
              <Button kind="primary" onClick={() => void runs.load().then((made) => made.retry())}>
                <RotateCw size={16} aria-hidden />
                {words.do.tryAgain}
              </Button>
            )}
            <IconButton
              label={words.do.dismiss}
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
