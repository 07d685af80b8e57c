/** Loads all rows of a list. */
import { keyOf, type Row } from "real-time-orders";
import { pagesOf } from "@/lib/pages";
import type { ShownList } from "@/lib/printing";

/**
 * The most rows to print, which take more than a hundred pages. For more rows a spreadsheet is better.
 */
export const MOST_ROWS = 5000;
const PAGE = 1000;

interface ListedRows {
  readonly rows: readonly Row[];
  /** Whether there are more rows than these. */
  readonly cut: boolean;
}

/**
 * Returns the rows of a list. A row that moves from one page to the next while they are read is
 * returned once.
 */
export async function listRows(
  { table, query }: ShownList,
  key: readonly string[],
  signal: AbortSignal,
): Promise<ListedRows> {
  const rows = new Map<string, Row>();
  let cut = false;
  for await (const page of pagesOf(table, query, PAGE, signal)) {
    for (const row of page.rows) rows.set(keyOf(row, key), row);
    cut = page.next_cursor !== null;
    if (rows.size >= MOST_ROWS) break;
  }
  return { rows: [...rows.values()].slice(0, MOST_ROWS), cut };
}
