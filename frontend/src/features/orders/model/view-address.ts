/**
 * The address of a saved view. `?view=7` is the view as saved; with further parameters it is the view
 * as the reader has modified it. Pure.
 */
import type { SavedView } from "../api/views";
import { type OrderView, viewFromQuery, viewToQuery } from "./order-filter";

export interface Address {
  readonly view: OrderView;
  /** The saved view that the address names; null without one, or if it is not known. */
  readonly saved: SavedView | null;
  /** Whether the address names a view that is not known or not loaded yet. */
  readonly isUnknown: boolean;
}

export function readAddress(query: URLSearchParams, views: readonly SavedView[] | null): Address {
  const words = new URLSearchParams(query);
  const id = words.get("view");
  words.delete("view");
  const saved = views?.find((each) => String(each.id) === id) ?? null;
  const isUnknown = id !== null && saved === null;
  const view = words.size === 0 && saved ? viewOf(saved) : viewFromQuery(words);
  return { view, saved, isUnknown };
}

export function writeAddress(view: OrderView, saved: SavedView | null): URLSearchParams {
  const words = viewToQuery(view);
  if (!saved) return words;
  const query = new URLSearchParams({ view: String(saved.id) });
  if (!isModified(view, saved)) return query;
  for (const [name, text] of words) query.append(name, text);
  if (words.size === 0) query.set("search", ""); // an empty query would mean the saved view unmodified
  return query;
}

export const viewOf = ({ query }: SavedView): OrderView =>
  viewFromQuery(new URLSearchParams(query));

export const isModified = (view: OrderView, saved: SavedView): boolean =>
  viewToQuery(view).toString() !== viewToQuery(viewOf(saved)).toString();
