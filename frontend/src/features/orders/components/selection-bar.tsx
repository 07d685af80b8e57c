import { ArrowRight, RefreshCw, Trash2, Undo2, X } from "lucide-react";
import { ORDERS, versionOf } from "real-time-orders";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatCount, visibleStatus } from "@/lib/format";
import { pagesOf } from "@/lib/pages";
import { type Order, readOrder } from "@/lib/row";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { matchingIn, type OrderCounts } from "../model/order-counts";
import { statusMatcher, toQuery } from "../model/order-filter";
import type { OrdersFeed } from "../model/orders-feed";
import { forecast, forecastText, moving, statusCounts, stepsOf, type Target } from "../model/steps";
import { useOrders } from "./orders-context";
import { RunReport } from "./run-report";
import styles from "./selection-bar.module.css";
import { TargetMenu } from "./target-menu";

/** All matching orders are changed in steps of this size. */
const PAGE = 500;

interface SelectionBarProps {
  feed: OrdersFeed;
  /** How many orders match, by status. */
  counts: OrderCounts | null;
}

/** Actions on the selected orders, in the versions that the user saw, and their results. */
export function SelectionBar({ feed, counts }: SelectionBarProps) {
  const { runs, selection, writes } = useOrders();
  const selected = useObservable(selection.state);
  const run = useObservable(runs.state);
  const offered = useObservable(writes.undos.state);
  return (
    <div
      className={styles.bar}
      role="region"
      aria-label={words.selection.selectedOrders}
      data-selection-bar
      onKeyDown={(event) => {
        if (event.key !== "Escape" || event.defaultPrevented) return;
        event.preventDefault();
        backToRows();
      }}
    >
      {run && <RunReport run={run} />}
      {!run && selected.size > 0 && <Actions feed={feed} counts={counts} />}
      {!run && selected.size === 0 && offered && (
        <div className={styles.line}>
          <span className={styles.count}>{words.selection.changed(offered.ids.size)}</span>
          <Button
            onClick={() => writes.undos.undo(offered)}
            title={`${words.keyboard.controlKey} Z`}
          >
            <Undo2 size={16} aria-hidden />
            {words.do.undo}
          </Button>
        </div>
      )}
    </div>
  );
}

function Actions({ feed, counts }: SelectionBarProps) {
  const { rights, runs, writes, selection } = useOrders();
  const schema = useSchema();
  const say = words.selection;
  const selected = useObservable(selection.state);
  const isAll = useObservable(selection.isAll);
  const { filter } = useObservable(feed.state);
  const total = counts && matchingIn(counts, filter, schema);
  const orders = [...selected.values()];
  const isWanted = statusMatcher(filter, schema);
  const matching = [...(counts ?? [])].filter(([status]) => isWanted(status));
  const found = isAll ? new Map(matching) : statusCounts(orders, schema);
  const size = isAll ? (total ?? 0) : orders.length;
  const next = forecast(found, null, schema);
  const [status, ...others] = next.become.keys();
  const where = status !== undefined && others.length === 0 ? visibleStatus(status) : null;
  const hasMore = !isAll && total !== null && total > orders.length;

  function start(target: Target): void {
    const source = isAll ? everyStep(target) : [stepsOf(orders, target, schema)];
    const expected = moving(forecast(found, target, schema));
    selection.clear();
    void runs.load().then((made) => made.many(source, expected));
  }

  async function* everyStep(target: Target): AsyncGenerator<ReturnType<typeof stepsOf>> {
    for await (const { rows } of pagesOf(ORDERS, toQuery(filter, schema), PAGE)) {
      const page = rows.flatMap((row) => readOrder(row, schema.key) ?? []);
      yield stepsOf(page, target, schema);
    }
  }

  return (
    <div className={styles.line}>
      <span className={styles.count}>
        {isAll ? say.allSelected(formatCount(size)) : say.selected(formatCount(size))}
      </span>
      {hasMore && (
        <Button onClick={() => selection.all(orders)} data-widens>
          <span>
            {say.selectAll(formatCount(total))}
            <span className={styles.wide}>{say.thatMatch}</span>
          </span>
        </Button>
      )}
      {!isAll && <Changed orders={orders} feed={feed} />}
      <span className={styles.forecast} role="status">
        {schema.role("status") && (forecastText(next) || "")}
      </span>
      {rights.write && moving(next) > 0 && (
        <Button kind="primary" data-step="next" title="e" onClick={() => start(null)}>
          <ArrowRight size={16} aria-hidden />
          {where === null
            ? say.moveOn(formatCount(moving(next)))
            : say.moveTo(formatCount(moving(next)), where)}
        </Button>
      )}
      {rights.write && schema.role("status") && <TargetMenu counts={found} onChoose={start} />}
      {rights.remove && !isAll && (
        <IconButton
          label={say.deleteSelected(formatCount(orders.length))}
          title={words.do.delete}
          onClick={() => {
            writes.remove(orders);
            selection.clear();
          }}
        >
          <Trash2 size={16} aria-hidden />
        </IconButton>
      )}
      <IconButton className={styles.clear} label={say.clear} onClick={() => selection.clear()}>
        <X size={16} aria-hidden />
      </IconButton>
    </div>
  );
}

/** Offers to update selected orders that have changed since. The API would refuse them as they are. */
function Changed({ orders, feed }: { orders: readonly Order[]; feed: OrdersFeed }) {
  const { selection } = useOrders();
  const changed = orders.flatMap((order) => {
    const now = feed.get(order.id);
    return now && versionOf(now) !== versionOf(order) ? [now] : [];
  });
  if (changed.length === 0) return null;
  return (
    <Button onClick={() => selection.add(changed)} title={words.selection.asNow}>
      <RefreshCw size={16} aria-hidden />
      <span>
        {words.selection.changedSince(formatCount(changed.length))}
        <span className={styles.wide}>{words.selection.update}</span>
      </span>
    </Button>
  );
}

/** Moves the focus to the table: to the first selected order, otherwise to the first order. */
function backToRows(): void {
  const row = '[data-order][data-picked="true"] a';
  (
    document.querySelector<HTMLElement>(row) ??
    document.querySelector<HTMLElement>("[data-order] a")
  )?.focus();
}
