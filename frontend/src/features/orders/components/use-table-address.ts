import { useEffect, useMemo } from "react";
import { type HistoryStep, type Router, tableIn } from "@/lib/route";
import type { SavedView } from "../api/views";
import { type OrderView, viewToQuery } from "../model/order-filter";
import type { RowsFeed } from "../model/rows-feed";
import type { SavedViews } from "../model/saved-views";
import { readAddress, writeAddress } from "../model/view-address";

/** Keeps a table's filter, order and saved view, and the address of the page, the same. */
export function useTableAddress(name: string, feed: RowsFeed, views: SavedViews, router: Router) {
  const show = useMemo(() => {
    function apply({ filter, sort }: OrderView): void {
      const before = feed.state.get();
      if (viewToQuery(before).toString() === viewToQuery({ filter, sort }).toString()) return;
      feed.setFilter(filter);
      feed.setSort(sort);
    }
    function read(): void {
      if (tableIn(location.pathname) !== name) return;
      const query = new URLSearchParams(location.search);
      const { view, saved, isUnknown } = readAddress(query, views.state.get().views);
      if (isUnknown && views.state.get().views === null) return;
      views.choose(saved);
      apply(view);
    }
    return {
      read,
      view: (view: OrderView, step?: HistoryStep) => {
        apply(view);
        router.setQuery(writeAddress(view, views.state.get().current), step);
      },
      /** Show a saved view; null: all rows. */
      saved: (saved: SavedView | null) => {
        router.setQuery(new URLSearchParams(saved ? { view: String(saved.id) } : {}));
        read();
      },
    };
  }, [name, feed, views, router]);
  useEffect(() => {
    // Without views everything else works; the menu says why they cannot be loaded.
    views.load().then(show.read, () => undefined);
    addEventListener("popstate", show.read);
    return () => removeEventListener("popstate", show.read);
  }, [views, show]);
  return show;
}
