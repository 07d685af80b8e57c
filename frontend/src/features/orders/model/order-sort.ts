/** How the table's rows are sorted: by one or more columns, the most important one first. Pure. */
import type { Column } from "real-time-orders";

export interface SortTerm {
  readonly column: string;
  readonly descending: boolean;
}
export type OrderSort = readonly SortTerm[];

export const NEWEST_FIRST: OrderSort = [{ column: "id", descending: true }];
/** The API's limit. */
const MOST_TERMS = 5;

/** Whether this is the default sort of the API. */
export const isNewestFirst = (sort: OrderSort): boolean =>
  sort.length === 1 && sort[0]?.column === "id" && sort[0].descending;

export const sortToText = (sort: OrderSort): string =>
  sort.map(({ column, descending }) => `${descending ? "-" : ""}${column}`).join(",");

/**
 * Returns the sort as the API's parameter; `key` is the name of the column that the page calls `id`.
 */
export const sortForApi = (sort: OrderSort, key: string): string =>
  sortToText(sort.map((term) => (term.column === "id" ? { ...term, column: key } : term)));

export function sortFromText(text: string | null): OrderSort {
  const terms = (text ?? "").split(",").map((term) => {
    return { column: term.replace(/^-/, ""), descending: term.startsWith("-") };
  });
  const named = terms.filter(({ column }) => column !== "");
  return named.length > 0 ? named.slice(0, MOST_TERMS) : NEWEST_FIRST;
}

/** Whether a column is first sorted in descending order, as numbers and times are. */
export const descendsFirst = (name: string, column: Column | undefined): boolean =>
  name === "id" ||
  (column !== undefined && ["integer", "number", "date", "timestamp"].includes(column.kind));

/**
 * Returns the sort after a click on a heading. A plain click sorts by this column only; if the table is
 * already sorted by it, the direction is reversed. With `isAdded` the column is appended to the sort;
 * the next clicks reverse it, then remove it.
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
