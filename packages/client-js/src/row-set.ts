/**
 * The rows that a table shows, and how pages and events change them. Pure.
 *
 * The set holds *every* matching row within a range of the sort order, and no row outside it. The range
 * ends at the last row of the last loaded page. It begins at the start of the list, or at the first row
 * of a page in its middle. So the set stays exact after any event, and the cursor after it stays valid.
 */
import { sinceIn } from "./attention.ts";
import type { Matcher } from "./filters.ts";
import type { ChangeEvent } from "./messages.ts";
import { ORDERS, rowsOf } from "./messages.ts";
import { isId, keyOf, type Row, versionOf } from "./row.ts";
import type { Column, Table } from "./schema.ts";
import { compareColumn, type Compared, ordersExactly } from "./values.ts";

export type Compare = (a: Row, b: Row) => number;

/** Which rows a set holds, and in which order. */
export interface View {
  /** The columns of the primary key. */
  readonly key: readonly string[];
  readonly matches: Matcher;
  readonly compare: Compare;
  /** Whether `compare` certainly orders rows as the database does. */
  readonly isExact: boolean;
}

/** Splits a `sort` into its terms. A column whose name contains a comma can only be the only term. */
export function sortTerms(sort: string, columns: readonly Pick<Column, "name">[]): string[] {
  const isName = columns.some(({ name }) => name === sort.replace(/^-/, ""));
  return isName ? [sort] : sort.split(",");
}

/**
 * Returns how to compare rows. `sort`: a column, `-column`, or several separated by commas; absent: by
 * key, newest first. Equal rows are ordered by key, in the direction of the last column.
 */
export function orderOf(
  table: Pick<Table, "key" | "columns">,
  sort: string | undefined,
): Pick<View, "compare" | "isExact"> {
  const described = (name: string): Compared | undefined =>
    table.columns.find((column) => column.name === name);
  const named = sort === undefined ? [] : sortTerms(sort, table.columns);
  const sorted = named.flatMap((term) => {
    const column = described(term.replace(/^-/, ""));
    return column ? [{ column, descends: term.startsWith("-") }] : [];
  });
  const descends = sort === undefined || (named.at(-1)?.startsWith("-") ?? true);
  const keys = table.key.map((name) => {
    const column = described(name) ?? { name, kind: "integer", type: "", choices: null };
    return { column, descends };
  });
  const terms = [...sorted, ...keys].map(({ column, descends }) => {
    const { name } = column;
    const dated = table.columns.find(({ since }) => since === name);
    // If a date is not known, compare its substitute.
    const value = dated ? sinceIn(dated, table) : (row: Row) => row[name] ?? null;
    return { value, sign: descends ? -1 : 1, compare: compareColumn(column) };
  });
  const compare = (a: Row, b: Row) => {
    for (const { value, sign, compare } of terms) {
      const [left, right] = [value(a), value(b)];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1; // null is always last
      const order = compare(left, right);
      if (order !== 0) return sign * order;
    }
    return 0;
  };
  return { compare, isExact: [...sorted, ...keys].every(({ column }) => ordersExactly(column)) };
}

export interface Page<R extends Row = Row> {
  readonly stream: string;
  readonly position: number;
  readonly rows: readonly R[];
  readonly next_cursor: string | null;
}

export class RowSet<R extends Row = Row> {
  readonly view: View;
  /** The rows in order; a new array after each change. */
  rows: readonly R[];
  /** Where the next page begins; null: no further page. Undefined: the set must be loaded again. */
  cursor: string | null | undefined;
  /** Position up to which events are applied. */
  position: number;
  /** How many matching rows of the list come before the range. */
  start: number;
  /** How many times events have changed `start`. */
  shifts = 0;
  /** The last row of the range; null: the range extends to the end of the list. */
  #boundary: R | null = null;
  /** The first row of the range; null: the range begins with the list. */
  #first: R | null;
  /** Position up to which events are counted in `start`. */
  #placedAt: number;
  readonly #byKey: Map<string, R>;

  /** `start`: how many rows of the list come before the page. */
  constructor(view: View, page: Page<R>, start = 0) {
    this.view = view;
    this.position = page.position;
    this.start = start;
    this.#placedAt = page.position;
    this.#first = this.#beginning(page, start);
    this.#byKey = new Map(page.rows.map((row) => [keyOf(row, view.key), row]));
    this.rows = [...this.#byKey.values()].sort(view.compare);
    this.cursor = page.next_cursor;
    this.#boundary = this.#end(page);
  }

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): R | undefined {
    return this.#byKey.get(key);
  }

  /**
   * Adds a page before the range. `start` is the place of its first row. The last rows of the page must
   * overlap the range. Returns false if they do not, because rows in between may be missing.
   */
  prepend(page: Page<R>, start: number): boolean {
    const first = this.#first;
    if (first === null) return true;
    const { compare, isExact, key } = this.view;
    const joins = page.rows.findIndex((row) =>
      isExact ? compare(row, first) >= 0 : this.#byKey.has(keyOf(row, key)),
    );
    if (joins < 0 && page.next_cursor !== null) return false;
    this.start = start;
    this.#placedAt = page.position;
    this.#first = this.#beginning(page, start);
    this.#add(page.rows.slice(0, joins < 0 ? undefined : joins));
    return true;
  }

  /** Drops rows at the beginning. */
  dropFirst(count: number): void {
    const first = this.rows[count];
    if (!first || count <= 0) return;
    for (const row of this.rows.slice(0, count)) this.#byKey.delete(keyOf(row, this.view.key));
    this.rows = this.rows.slice(count);
    this.start += count;
    this.#first = first;
  }

  /** Whether a row comes before the range. */
  precedes(row: R): boolean {
    return this.#first !== null && this.view.compare(row, this.#first) < 0;
  }

  /**
   * Appends the next page. The page may be newer than the set, so the caller applies the events since
   * its request again; versions show which of them the page already includes.
   */
  extend(page: Page<R>): void {
    this.cursor = page.next_cursor;
    this.#boundary = this.#end(page);
    this.#add(page.rows);
  }

  #add(rows: readonly R[]): void {
    const added = new Map<string, R>();
    for (const row of rows) {
      const key = keyOf(row, this.view.key);
      if (isNewer(row, this.#byKey.get(key))) added.set(key, row);
    }
    this.#change(added);
  }

  /** Applies events. Returns whether rows outside the range must be loaded. */
  apply(events: readonly ChangeEvent<R>[], conflated = false): boolean {
    const changes = new Map<string, R | null>();
    let isCertain = true;
    for (const event of events) {
      if (event.position <= this.position) continue; // delivered twice
      this.position = event.position;
      if (event.operation === "TRUNCATE") {
        changes.clear();
        this.#clear();
        continue;
      }
      const key = keyOfEvent(event, this.view.key);
      if (key === null) continue;
      const known = changes.has(key) ? (changes.get(key) ?? undefined) : this.#byKey.get(key);
      if (this.#first !== null && !this.#place(event, known, conflated)) isCertain = false;
      const next = this.#decide(event.row, known, conflated);
      if (next !== undefined) changes.set(key, next);
      if (next && !this.view.isExact && this.#boundary !== null && this.#moves(known, next)) {
        isCertain = false;
      }
    }
    this.#change(changes);
    return !isCertain;
  }

  /**
   * Keeps the first rows only. If rows were dropped, the set has no valid cursor and must be loaded
   * again to grow.
   */
  trim(most: number): void {
    if (this.rows.length <= most) return;
    for (const row of this.rows.slice(most)) this.#byKey.delete(keyOf(row, this.view.key));
    this.rows = this.rows.slice(0, most);
    this.#boundary = this.rows.at(-1) ?? null;
    this.cursor = undefined;
  }

  /** Returns the new row, null for no row, or undefined for no change. */
  #decide(row: R | null, known: R | undefined, conflated: boolean): R | null | undefined {
    if (row === null) return known ? null : undefined; // DELETE, LEAVE
    if (known && !conflated && !isNewer(row, known)) return undefined;
    if (this.view.matches(row) && this.#isWithin(row)) return row;
    return known ? null : undefined;
  }

  /**
   * Updates the number of rows before the range. Returns false if the event's effect there is not
   * known.
   */
  #place(event: ChangeEvent<R>, known: R | undefined, conflated: boolean): boolean {
    const { position, row, changed } = event;
    if (position <= this.#placedAt) return true;
    this.#placedAt = position;
    if (conflated || (row === null && changed === null)) return known !== undefined && !conflated;
    if (known && row && !isNewer(row, known)) return true;
    const { before, after } = rowsOf(event) as { before: R | null; after: R | null };
    const { matches, compare, isExact } = this.view;
    const was = known === undefined && before !== null && matches(before) ? before : null;
    const is = after !== null && matches(after) ? after : null;
    const by =
      Number(is !== null && this.precedes(is)) - Number(was !== null && this.precedes(was));
    this.start = Math.max(0, this.start + by); // an uncertain number must not become negative
    this.shifts += Math.abs(by);
    const from = known ?? was;
    return (
      isExact || (from === null && is === null) || (from && is ? compare(from, is) === 0 : false)
    );
  }

  #isWithin(row: R): boolean {
    if (this.precedes(row)) return false;
    return this.#boundary === null || this.view.compare(row, this.#boundary) <= 0;
  }

  #moves(known: R | undefined, next: R): boolean {
    return known === undefined || this.view.compare(known, next) !== 0;
  }

  #end({ next_cursor, rows }: Page<R>): R | null {
    return next_cursor === null ? null : (this.#extreme(rows, 1) ?? this.#boundary);
  }

  #beginning({ rows }: Page<R>, start: number): R | null {
    return start === 0 ? null : this.#extreme(rows, -1);
  }

  /**
   * Returns the last row (1) or the first row (-1) by `compare`, which may differ from the database's
   * order.
   */
  #extreme(rows: readonly R[], sign: 1 | -1): R | null {
    const isBeyond = (row: R, found: R) => sign * this.view.compare(row, found) > 0;
    return rows.reduce<R | null>(
      (found, row) => (!found || isBeyond(row, found) ? row : found),
      null,
    );
  }

  #clear(): void {
    this.#byKey.clear();
    this.rows = [];
    this.cursor = null; // an empty table has no next page
    this.#boundary = null;
    this.#first = null;
    this.start = 0;
  }

  #change(changes: ReadonlyMap<string, R | null>): void {
    if (changes.size === 0) return;
    const replaced = new Set<R>();
    const added: R[] = [];
    for (const [key, row] of changes) {
      const known = this.#byKey.get(key);
      if (known) replaced.add(known);
      if (row) {
        this.#byKey.set(key, row);
        added.push(row);
      } else this.#byKey.delete(key);
    }
    this.rows = this.#merged(replaced, added.sort(this.view.compare));
  }

  /** Merges the rows in one pass, which is cheaper than sorting them again. */
  #merged(without: ReadonlySet<R>, added: readonly R[]): R[] {
    const merged: R[] = [];
    let next = 0;
    for (const row of this.rows) {
      if (without.has(row)) continue;
      for (let other = added[next]; other && this.view.compare(other, row) < 0;) {
        merged.push(other);
        next += 1;
        other = added[next];
      }
      merged.push(row);
    }
    return merged.concat(added.slice(next));
  }
}

/**
 * Whether a row replaces the known one. A snapshot may be newer than its position, so rows with older
 * versions are ignored. In a conflated frame they count, because it may leave out a DELETE and a new
 * INSERT of the same key.
 */
function isNewer(row: Row, known: Row | undefined): boolean {
  if (known === undefined || versionOf(row) === 0 || versionOf(known) === 0) return true;
  return versionOf(row) > versionOf(known);
}

/** Returns the key of an event's row; null if the event has no row. */
export function keyOfEvent(event: ChangeEvent, columns: readonly string[]): string | null {
  if (event.table !== ORDERS) return event.key && keyOf(event.key, columns);
  return isId(event.order_id) ? String(event.order_id) : null;
}
