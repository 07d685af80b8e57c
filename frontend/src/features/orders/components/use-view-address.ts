import { useEffect, useMemo } from "react";
import type { HistoryStep, Router } from "@/lib/route";
import type { SavedView } from "../api/views";
import type { OrderView } from "../model/order-filter";
import type { SavedViews } from "../model/saved-views";
import { writeAddress } from "../model/view-address";

export type ShowView = (view: OrderView, step?: HistoryStep) => void;

/**
 * Keeps what a table shows and the address of the page the same. `show` shows a view, `read` the one that the
 * address names: after a step of the browser's history, too.
 */
export function useViewAddress(
  views: SavedViews,
  router: Router,
  show: (view: OrderView) => void,
  read: () => void,
) {
  useEffect(() => {
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, [read]);
  return useMemo(() => {
    const view: ShowView = (shown, step) => {
      show(shown);
      router.setQuery(writeAddress(shown, views.state.get().current), step);
    };
    /** Null: everything. */
    const saved = (chosen: SavedView | null) => {
      router.setQuery(new URLSearchParams(chosen ? { view: String(chosen.id) } : {}));
      read();
    };
    return { view, saved };
  }, [views, router, show, read]);
}
