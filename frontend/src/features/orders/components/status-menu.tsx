import { ChevronDown } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { useRef, useState } from "react";
import { MenuItem } from "@/components/menu";
import { StatusBadge } from "@/components/status-badge";
import type { Order } from "@/lib/row";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { OpenedMenu } from "./opened-menu";
import { useOrders } from "./orders-context";
import styles from "./status-menu.module.css";
import { StepButton } from "./step-button";

interface StatusMenuProps {
  order: Order;
  /** The status to show: the order's, or one just chosen by the user. */
  status: string;
  saving: boolean;
  tabIndex?: number | undefined;
  /** `seen` is the order as it was when the menu was opened. */
  onChange: (seen: Order, status: string) => void;
  onOpenChange?: ((open: boolean) => void) | undefined;
}

/** Waits until the menu itself has taken the focus, then focuses an item. */
function focusAfterMenu(item: HTMLElement | null): void {
  requestAnimationFrame(() => item?.focus());
}

/**
 * The status, with a menu of the statuses that may follow it. While the menu is open, its choices
 * belong to the order as the user saw it.
 */
export function StatusMenu(props: StatusMenuProps) {
  const { order, status, saving, tabIndex, onChange, onOpenChange } = props;
  const schema = useSchema();
  const [opened, setOpened] = useState<Pick<StatusMenuProps, "order" | "status"> | null>(null);
  const [byKeyboard, setByKeyboard] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { rights } = useOrders();
  const choices = rights.write ? schema.nextStatuses((opened ?? { status }).status) : [];
  const step = <StepButton order={order} status={status} />;
  if (!opened && choices.length === 0) {
    return (
      <div className={styles.box}>
        <StatusBadge status={status} />
        {step}
      </div>
    );
  }

  function change(open: boolean): void {
    setOpened(open ? { order, status } : null);
    onOpenChange?.(open);
  }

  return (
    <div className={styles.box}>
      <button
        ref={button}
        type="button"
        className={styles.trigger}
        aria-label={words.orders.isStatus(String(order.id), status)}
        aria-busy={saving}
        tabIndex={tabIndex}
        aria-haspopup="menu"
        aria-expanded={opened !== null}
        onClick={({ detail }) => {
          setByKeyboard(detail === 0); // 0: opened by a key, not a click
          change(true);
        }}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown") return;
          event.preventDefault();
          setByKeyboard(true);
          change(true);
        }}
      >
        <StatusBadge status={status}>
          <ChevronDown size={14} aria-hidden className={styles.chevron} />
        </StatusBadge>
      </button>
      {step}
      {opened && (
        <OpenedMenu
          label={words.orders.changeTo}
          align="start"
          button={button}
          onOpenChange={change}
        >
          <DropdownMenu.Label className={styles.label}>{words.orders.changeTo}</DropdownMenu.Label>
          {choices.map((choice, at) => (
            <MenuItem
              key={choice}
              ref={byKeyboard && at === 0 ? focusAfterMenu : undefined}
              onSelect={() => onChange(opened.order, choice)}
            >
              <StatusBadge status={choice} />
            </MenuItem>
          ))}
        </OpenedMenu>
      )}
    </div>
  );
}
