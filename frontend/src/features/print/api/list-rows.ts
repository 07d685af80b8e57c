/** All rows of a list, page by page. */
import { isRow, ORDERS, readJson, type Row } from "real-time-orders";
import { send } from "@/lib/http";
import type { ShownList } from "@/lib/printing";
import { words } from "@/words";

/** More than a hundred pages of paper; a spreadsheet is better for more. */
export const MOST_ROWS = 5000;
const PAGE = 1000;

export interface ListedRows {
  readonly rows: readonly Row[];
  /** There are more rows than these. */
  readonly cut: boolean;
}

/** A row that moves between two pages while they are read comes once. */
export async function listRows(
  { table, query }: ShownList,
  key: readonly string[],
  signal: AbortSignal,
): Promise<ListedRows> {
  const path = table === ORDERS ? "/api/orders" : `/api/tables/${encodeURIComponent(table)}`;
  const rows = new Map<string, Row>();
  let cursor: string | null = null;
  do {
    const asked = new URLSearchParams(query);
    asked.set("limit", String(PAGE));
    if (cursor !== null) asked.set("cursor", cursor);
    const body = await readJson(await send(`${path}?${asked.toString()}`, { signal }));
    const page = isRow(body) ? (body.orders ?? body.rows) : null;
    if (!isRow(body) || !Array.isArray(page)) throw new Error(words.errors.notUnderstood);
    for (const row of page.filter(isRow)) {
      rows.set(JSON.stringify(key.map((name) => String(row[name]))), row);
    }
    cursor = typeof body.next_cursor === "string" ? body.next_cursor : null;
  } while (cursor !== null && rows.size < MOST_ROWS);
  return { rows: [...rows.values()].slice(0, MOST_ROWS), cut: cursor !== null };
}
