/** What to print: a list or one order. The page shows it until the print view is closed. */
import { type Column, type Id, Observable } from "real-time-orders";

/** A column of a list as the user sees it; `column` is undefined if the schema does not have it. */
export interface ListedColumn {
  readonly name: string;
  readonly label: string;
  readonly column: Column | undefined;
}

/** The rows of a table as shown: columns, and filter and sort as parameters of the API. */
export interface ShownList {
  readonly table: string;
  readonly title: string;
  readonly query: URLSearchParams;
  /** The conditions of the filter as texts. */
  readonly filters: readonly string[];
  readonly columns: readonly ListedColumn[];
}

export type PrintJob =
  ({ readonly kind: "list" } & ShownList) | { readonly kind: "slip"; readonly id: Id };

export const printing = new Observable<PrintJob | null>(null);

export const print = (job: PrintJob): void => printing.set(job);

/**
 * Returns the API's path of a file with all rows of a list. `bom` adds a byte order mark, by which
 * Excel recognises UTF-8.
 */
export function exportPath({ table, query, columns }: ShownList): string {
  const asked = new URLSearchParams(query);
  for (const { name } of columns) asked.append("columns", name);
  asked.set("bom", "true");
  return `/api/export/${encodeURIComponent(table)}?${asked.toString()}`;
}
