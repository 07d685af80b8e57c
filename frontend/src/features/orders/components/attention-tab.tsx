import { ClockAlert } from "lucide-react";
import { formatCount } from "@/lib/format";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import type { OrderFilter, OrderView } from "../model/order-filter";
import { NEWEST_FIRST, sortFromText } from "../model/order-sort";
import styles from "./attention-tab.module.css";
import { useOrders } from "./orders-context";

interface AttentionTabProps {
  filter: OrderFilter;
  onView: (view: OrderView) => void;
}

/**
 * A tab for the orders that wait too long, longest first. Shown only if the owner has set thresholds.
 */
export function AttentionTab({ filter, onView }: AttentionTabProps) {
  const { attention } = useOrders();
  const count = useObservable(attention);
  const schema = useSchema();
  const isOn = filter.attention !== undefined;
  return (
    <button
      type="button"
      className={styles.tab}
      aria-pressed={isOn}
      data-some={(count ?? 0) > 0}
      onClick={() =>
        onView({
          filter: { ...filter, attention: isOn ? undefined : "warn" },
          sort: isOn ? NEWEST_FIRST : sortFromText(schema.date?.name ?? null),
        })
      }
    >
      <ClockAlert size={15} aria-hidden />
      {words.attention.needs}
      <span className={styles.count} data-testid="count-attention">
        {count !== null && formatCount(count)}
      </span>
    </button>
  );
}
