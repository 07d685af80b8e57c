/** The order of the table's rows. Pure. */
import { type Column, compareIds, type Id, rawNumber } from "real-time-orders";
import { formatValue, instantOf } from "@/lib/format";
import { type Order } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { OrderIndex } from "./order-index";

export interface OrderSort {
  readonly column: string;
  readonly descending: boolean;
}

export const NEWEST_FIRST: OrderSort = { column: "id", descending: true };

/** The order of the API's pages; any other needs every matching order to be loaded. */
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

type Compare<T> = (a: T, b: T) => number;

const byText = new Intl.Collator().compare;
const byCodeUnit: Compare<string> = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const byNumber: Compare<unknown> = (a, b) => compareIds(numberOf(a), numberOf(b));

/** Usual times in one zone are ordered as text; infinity, years BC and beyond 9999 are not. */
const byTime: Compare<string> = (a, b) =>
  isFourDigitYear(a) && isFourDigitYear(b)
    ? byCodeUnit(a, b)
    : instantOf(a) - instantOf(b) || byCodeUnit(a, b);

const isFourDigitYear = (time: string): boolean => time[4] === "-" && !time.endsWith("C");

function numberOf(value: unknown): Id {
  if (typeof value === "bigint") return value;
  const number = Number(rawNumber(value) ?? value);
  return Number.isNaN(number) ? Infinity : number; // as PostgreSQL orders NaN
}

function compareValues({ kind, choices }: Partial<Column>): Compare<unknown> {
  switch (kind) {
    case "integer":
    case "number":
      return byNumber;
    case "date":
    case "timestamp":
      return (a, b) => byTime(String(a), String(b));
    case "choice":
      return byNumberOf((value) => (choices ?? []).indexOf(String(value)));
    case "boolean":
      return byNumberOf(Number);
    default:
      return (a, b) => byText(formatValue(a), formatValue(b));
  }
}

const byNumberOf =
  (rank: (value: unknown) => number): Compare<unknown> =>
  (a, b) =>
    rank(a) - rank(b);

/** Equal values are ordered newest first; a null comes last in both directions. */
function compareOrders({ column, descending }: OrderSort, schema: OrderSchema): Compare<Order> {
  const direction = descending ? -1 : 1;
  if (column === "id") return (a, b) => direction * compareIds(a.id, b.id);
  const compare = compareValues(schema.column(column) ?? {});
  return (a, b) => {
    const [left, right] = [a[column] ?? null, b[column] ?? null];
    const nulls = Number(left === null) - Number(right === null);
    const values = left === null || right === null ? nulls : direction * compare(left, right);
    return values || compareIds(b.id, a.id);
  };
}

/** The orders of the table, by row. */
export interface Rows {
  readonly size: number;
  at(row: number): Order | undefined;
}

/** Orders sorted by a column; a changed index costs one pass instead of another sort. */
export class SortedRows implements Rows {
  readonly #compare: Compare<Order>;
  readonly #sorted: readonly Order[];
  readonly #index: OrderIndex;

  private constructor(compare: Compare<Order>, sorted: readonly Order[], index: OrderIndex) {
    this.#compare = compare;
    this.#sorted = sorted;
    this.#index = index;
  }

  static of(sort: OrderSort, index: OrderIndex, schema: OrderSchema): SortedRows {
    const compare = compareOrders(sort, schema);
    return new SortedRows(compare, [...index].sort(compare), index);
  }

  get size(): number {
    return this.#sorted.length;
  }

  at(row: number): Order | undefined {
    return this.#sorted[row];
  }

  /** The orders of another index, sorted by merging what differs. */
  follow(index: OrderIndex): SortedRows {
    if (index === this.#index) return this;
    const changed = new Set<Id>();
    const added: Order[] = [];
    for (const [before, after] of OrderIndex.differences(this.#index, index)) {
      if (before) changed.add(before.id);
      if (after) added.push(after);
    }
    const stayed = this.#sorted.filter((order) => !changed.has(order.id));
    return new SortedRows(this.#compare, this.#merge(stayed, added.sort(this.#compare)), index);
  }

  #merge(left: readonly Order[], right: readonly Order[]): Order[] {
    const merged: Order[] = [];
    let next = 0;
    for (const order of left) {
      for (let other = right[next]; other && this.#compare(other, order) < 0; other = right[next]) {
        merged.push(other);
        next += 1;
      }
      merged.push(order);
    }
    return merged.concat(right.slice(next));
  }
}
