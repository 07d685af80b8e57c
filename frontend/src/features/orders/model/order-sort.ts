/** The order of the table's rows. Pure. */
import type { Column } from "real-time-orders";

export interface OrderSort {
  readonly column: string;
  readonly descending: boolean;
}

export const NEWEST_FIRST: OrderSort = { column: "id", descending: true };

/** The order of the API's pages where none is asked for. */
export const isNewestFirst = ({ column, descending }: OrderSort): boolean =>
  column === "id" && descending;

export const sortToText = ({ column, descending }: OrderSort): string =>
  `${descending ? "-" : ""}${column}`;

export function sortFromText(text: string | null): OrderSort {
  if (!text || text === "-") return NEWEST_FIRST;
  return { column: text.replace(/^-/, ""), descending: text.startsWith("-") };
}

/** By default numbers and times are sorted largest first, words from A. */
export const descendsFirst = (name: string, column: Column | undefined): boolean =>
  name === "id" ||
  (column !== undefined && ["integer", "number", "date", "timestamp"].includes(column.kind));
