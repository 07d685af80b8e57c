import { useEffect } from "react";
import { ORDERS } from "real-time-orders";
import { idOf, type Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { useShortcuts } from "@/lib/use-shortcuts";
import { rowId, withEdit } from "../model/order-edits";
import type { OrdersFeed } from "../model/orders-feed";
import type { OrdersContextValue } from "./orders-context";

const BAR = "[data-selection-bar] button:not([data-widens])";
const BAR_STEP = '[data-selection-bar] [data-step="next"]';
const PANEL_STEP = 'aside [data-step="next"]';
const TEXT = 'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]';

/** Returns the order whose row has the focus. */
export function focusedOrder(feed: OrdersFeed): Order | undefined {
  const row = document.activeElement?.closest<HTMLElement>("[data-order]");
  return feed.get(idOf(row?.dataset.order ?? "") ?? 0);
}

/**
 * Handles the shortcuts. `e`: the selected, focused or opened orders change to their next status. `b`:
 * focus the selection bar. Ctrl Z: undo. Ctrl A: select every order that matches.
 */
export function useStepShortcuts(
  feed: OrdersFeed,
  schema: OrderSchema,
  { rights, writes, runs, selection }: OrdersContextValue,
): void {
  useShortcuts({
    e: () => {
      if (selection.state.get().size > 0) {
        document.querySelector<HTMLElement>(BAR_STEP)?.click();
        return;
      }
      const order = focusedOrder(feed);
      if (!order) {
        document.querySelector<HTMLElement>(PANEL_STEP)?.click();
        return;
      }
      const edit = writes.edits.state.get().get(rowId(ORDERS, String(order.id)));
      const status = schema.statusOf(withEdit(order, edit));
      const next = schema.stepOn(status);
      if (rights.write && next !== null) void runs.one(order, status, next);
    },
    b: () =>
      (
        document.querySelector<HTMLElement>(BAR_STEP) ?? document.querySelector<HTMLElement>(BAR)
      )?.focus(),
  });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const isCommand = (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
      if (!isCommand || event.defaultPrevented) return;
      // In a text field the browser's own undo applies.
      if (event.target instanceof Element && event.target.closest(TEXT)) return;
      const key = event.key.toLowerCase();
      const isInRows = document.activeElement?.closest("[data-order]") != null;
      if (key === "z" && writes.undos.undo()) event.preventDefault();
      if (key === "a" && rights.write && (isInRows || selection.state.get().size > 0)) {
        event.preventDefault();
        selection.all(feed.state.get().rows);
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [feed, rights, writes, selection]);
}
