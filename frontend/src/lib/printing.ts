/** What is to be printed: a list, or one order. The page shows it until it is closed. */
import { type Column, type Id, Observable } from "real-time-orders";

/** A column of a list as the user sees it; `column` is undefined where the schema has none. */
export interface ListedColumn {
  readonly name: string;
  readonly label: string;
  readonly column: Column | undefined;
}

/** The rows of a table as they are shown: filter and order as the API takes them, and columns. */
export interface ShownList {
  readonly table: string;
  readonly title: string;
  readonly query: URLSearchParams;
  /** The filter in words, one for each condition. */
  readonly filters: readonly string[];
  readonly columns: readonly ListedColumn[];
}

export type PrintJob =
  ({ readonly kind: "list" } & ShownList) | { readonly kind: "slip"; readonly id: Id };

export const printing = new Observable<PrintJob | null>(null);

export const print = (job: PrintJob): void => printing.set(job);

/** The path of everything in a list as a file; Excel recognises UTF-8 by the mark. */
export function exportPath({ table, query, columns }: ShownList): string {
  const asked = new URLSearchParams(query);
  for (const { name } of columns) asked.append("columns", name);
  asked.set("bom", "true");
  return `/api/export/${encodeURIComponent(table)}?${asked.toString()}`;
}
