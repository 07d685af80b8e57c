import { useEffect, useMemo } from "react";
import type { HistoryStep, Router } from "@/lib/route";
import type { SavedView } from "../api/views";
import type { OrderView } from "../model/order-filter";
import type { SavedViews } from "../model/saved-views";
import { writeAddress } from "../model/view-address";

export type ShowView = (view: OrderView, step?: HistoryStep) => void;

/**
 * Keeps the view of a table and the page's address in step. `show` shows a view. `read` shows the view
 * that the address names, also after Back and Forward.
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
    /** Opens a saved view; null: all rows. */
    const saved = (chosen: SavedView | null) => {
      router.setQuery(new URLSearchParams(chosen ? { view: String(chosen.id) } : {}));
      read();
    };
    return { view, saved };
  }, [views, router, show, read]);
}
