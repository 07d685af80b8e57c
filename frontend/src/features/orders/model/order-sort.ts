/** The order of the table's rows: by one column or several, the most important first. Pure. */
import type { Column } from "real-time-orders";

export interface SortTerm {
  readonly column: string;
  readonly descending: boolean;
}
export type OrderSort = readonly SortTerm[];

export const NEWEST_FIRST: OrderSort = [{ column: "id", descending: true }];
/** As many as the API sorts by. */
const MOST_TERMS = 5;

/** The order of the API's pages where none is asked for. */
export const isNewestFirst = (sort: OrderSort): boolean =>
  sort.length === 1 && sort[0]?.column === "id" && sort[0].descending;

export const sortToText = (sort: OrderSort): string =>
  sort.map(({ column, descending }) => `${descending ? "-" : ""}${column}`).join(",");

/** The same as the API takes it; `key` is the column that the page calls `id`. */
export const sortForApi = (sort: OrderSort, key: string): string =>
  sortToText(sort.map((term) => (term.column === "id" ? { ...term, column: key } : term)));

export function sortFromText(text: string | null): OrderSort {
  const terms = (text ?? "").split(",").map((term) => {
    return { column: term.replace(/^-/, ""), descending: term.startsWith("-") };
  });
  const named = terms.filter(({ column }) => column !== "");
  return named.length > 0 ? named.slice(0, MOST_TERMS) : NEWEST_FIRST;
}

/** By default numbers and times are sorted largest first, words from A. */
export const descendsFirst = (name: string, column: Column | undefined): boolean =>
  name === "id" ||
  (column !== undefined && ["integer", "number", "date", "timestamp"].includes(column.kind));

/**
 * The order after a click on a heading. Alone: by this column, or in the other direction. Added to the
 * others: this column last, then in the other direction, then no longer.
 */
export function sortBy(
  sort: OrderSort,
  name: string,
  column: Column | undefined,
  isAdded: boolean,
): OrderSort {
  const first = descendsFirst(name, column);
  const known = sort.find((term) => term.column === name);
  if (!isAdded) return [{ column: name, descending: known ? !known.descending : first }];
  if (!known) return [...sort, { column: name, descending: first }].slice(-MOST_TERMS);
  const others = sort.filter((term) => term !== known);
  if (known.descending === first)
    return sort.map((term) => (term === known ? { ...term, descending: !first } : term));
  return others.length > 0 ? others : [{ column: name, descending: first }];
}
