/**
 * The rows that a table shows, and how pages and events change them. Pure.
 *
 * The set holds *every* matching row of a range of its order, and none beyond it: up to the last row of the
 * last page that was loaded, and from the list's beginning or from the first row of a page in its middle.
 * So the range stays exact whatever happens, and the cursor behind it stays valid.
 */
import { sinceIn } from "./attention.ts";
import type { Matcher } from "./filters.ts";
import type { ChangeEvent } from "./messages.ts";
import { ORDERS, rowsOf } from "./messages.ts";
import { isId, keyOf, type Row, versionOf } from "./row.ts";
import type { Column, Table } from "./schema.ts";
import { compareColumn, type Compared, ordersExactly } from "./values.ts";

export type Compare = (a: Row, b: Row) => number;

/** What a set holds, and in which order. */
export interface View {
  /** The columns of the primary key. */
  readonly key: readonly string[];
  readonly matches: Matcher;
  readonly compare: Compare;
  /** Whether `compare` orders rows exactly as the database does. */
  readonly isExact: boolean;
}

/** The terms of a `sort`; a column whose name has a comma can only be the only one. */
export function sortTerms(sort: string, columns: readonly Pick<Column, "name">[]): string[] {
  const isName = columns.some(({ name }) => name === sort.replace(/^-/, ""));
  return isName ? [sort] : sort.split(",");
}

/**
 * `sort`: a column, or `-column`, or several with commas; absent: by key, newest first. Equal rows
 * follow by key, in the direction of the last column.
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
    // Where a date is not known, what stands in for it counts.
    const value = dated ? sinceIn(dated, table) : (row: Row) => row[name] ?? null;
    return { value, sign: descends ? -1 : 1, compare: compareColumn(column) };
  });
  const compare = (a: Row, b: Row) => {
    for (const { value, sign, compare } of terms) {
      const [left, right] = [value(a), value(b)];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1; // last in both directions
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
  /** In order; a new array after each change. */
  rows: readonly R[];
  /** Where the next page begins; null: there is none. Undefined: the set has to be loaded again. */
  cursor: string | null | undefined;
  /** Events up to here are applied. */
  position: number;
  /** How many matching rows come before the range. */
  start: number;
  /** How often events have changed `start`. */
  shifts = 0;
  /** The last row of the range; null: the range is everything to the list's end. */
  #boundary: R | null = null;
  /** The first row of the range; null: the range begins with the list. */
  #first: R | null;
  /** Events up to here are counted in `start`. */
  #placedAt: number;
  readonly #byKey: Map<string, R>;

  /** `start`: how many rows come before those of the page. */
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
   * Put the rows from place `start` in front, of which the last must be rows of the range; false: none is, so
   * there may be others in between.
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

  /** Forget rows at the beginning. */
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
   * Append the next page. It may show a later moment than the set: apply the events since it was requested
   * once more; versions tell which of them it shows already.
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

  /** Apply events; returns whether rows have to be loaded that are not in the range. */
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

  /** Keep only the first rows; where there are more, the rest has to be loaded again. */
  trim(most: number): void {
    if (this.rows.length <= most) return;
    for (const row of this.rows.slice(most)) this.#byKey.delete(keyOf(row, this.view.key));
    this.rows = this.rows.slice(0, most);
    this.#boundary = this.rows.at(-1) ?? null;
    this.cursor = undefined;
  }

  /** The new row, no row (null), or no change (undefined). */
  #decide(row: R | null, known: R | undefined, conflated: boolean): R | null | undefined {
    if (row === null) return known ? null : undefined; // DELETE, LEAVE
    if (known && !conflated && !isNewer(row, known)) return undefined;
    if (this.view.matches(row) && this.#isWithin(row)) return row;
    return known ? null : undefined;
  }

  /** Count rows that come before the range; false: what the event did there is not known. */
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
    this.start = Math.max(0, this.start + by); // less than none where it was not certain before
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

  /** The last row (1) or the first (-1) in this order, which may not be the database's. */
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
    this.cursor = null; // no row is left that might not be loaded
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

  /** One pass over the rows: cheaper than sorting them again. */
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
 * Whether a row replaces the known one. A snapshot may be ahead of its position, so an older version
 * would be a step back. Not so in a conflated frame, from which a DELETE and a new INSERT of the same
 * key may have been left out.
 */
function isNewer(row: Row, known: Row | undefined): boolean {
  if (known === undefined || versionOf(row) === 0 || versionOf(known) === 0) return true;
  return versionOf(row) > versionOf(known);
}

/** Null for an event of no row. */
export function keyOfEvent(event: ChangeEvent, columns: readonly string[]): string | null {
  if (event.table !== ORDERS) return event.key && keyOf(event.key, columns);
  return isId(event.order_id) ? String(event.order_id) : null;
}
