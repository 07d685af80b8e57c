import { type Page, pathOf, readPage } from "real-time-orders";
import { api } from "./http";

/**
 * Yields every row of a query, page by page. Pages follow each other by key, so a row that changes
 * meanwhile is not left out, but may come twice if its place in the sort changes.
 */
export async function* pagesOf(
  table: string,
  query: URLSearchParams,
  limit: number,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  const asked = new URLSearchParams(query);
  asked.set("limit", String(limit));
  for (;;) {
    const path = `${pathOf(table)}?${asked.toString()}`;
    const page = await api.request(readPage, path, signal && { signal });
    yield page;
    if (page.next_cursor === null) return;
    asked.set("cursor", page.next_cursor);
  }
}
