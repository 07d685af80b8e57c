/** Joins the rows of child tables to the rows to which they belong. Pure. */
import type { ChangeEvent } from "./messages.ts";
import { keyOf, type Row, versionOf } from "./row.ts";
import { type Compare, keyOfEvent, orderOf } from "./row-set.ts";
import type { Table } from "./schema.ts";

interface Child {
  readonly parent: string;
  readonly row: Row;
}

/** The rows of one child table. */
export class Children {
  readonly #table: Table;
  readonly #compare: Compare;
  readonly #byKey = new Map<string, Child>();
  readonly #byParent = new Map<string, Set<string>>();
  /** Parents whose list the API has cut off at its limit. */
  readonly #cut = new Set<string>();

  constructor(table: Table) {
    this.#table = table;
    this.#compare = orderOf(table, table.key[0]).compare;
  }

  get name(): string {
    return this.#table.name;
  }

  /** Adds the lists in a page of parents. */
  load(parents: readonly Row[], parentKey: readonly string[]): void {
    for (const parent of parents) {
      const key = keyOf(parent, parentKey);
      const rows = parent[this.name];
      if (parent[`${this.name}.more`] === true) this.#cut.add(key);
      for (const row of Array.isArray(rows) ? (rows as Row[]) : []) {
        this.#put(keyOf(row, this.#table.key), key, row, false);
      }
    }
  }

  /** Applies events. Returns the parents whose lists have changed. */
  apply(events: readonly ChangeEvent[], conflated: boolean): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const event of events) {
      if (event.operation === "TRUNCATE") {
        for (const parent of this.#byParent.keys()) touched.add(parent);
        this.#byKey.clear();
        this.#byParent.clear();
        this.#cut.clear();
        continue;
      }
      const key = keyOfEvent(event, this.#table.key);
      if (key === null) continue;
      const before = this.#byKey.get(key)?.parent;
      const after = event.row && this.#parentOf(event.row);
      if (event.row === null || after === null) this.#remove(key);
      else this.#put(key, after, event.row, conflated);
      for (const parent of [before, after]) if (parent) touched.add(parent);
    }
    return touched;
  }

  /** Removes the children of parents that are no longer known. */
  prune(isKnown: (parent: string) => boolean): void {
    for (const [parent, keys] of this.#byParent) {
      if (isKnown(parent)) continue;
      for (const key of keys) this.#byKey.delete(key);
      this.#byParent.delete(parent);
      this.#cut.delete(parent);
    }
  }

  /** Returns the members to add to a parent's row. */
  of(parent: string): Row {
    const keys = [...(this.#byParent.get(parent) ?? [])];
    const rows = keys.map((key) => this.#byKey.get(key)?.row).filter((row) => row !== undefined);
    const more = this.#cut.has(parent) ? { [`${this.name}.more`]: true } : {};
    return { [this.name]: rows.sort(this.#compare), ...more };
  }

  #parentOf(row: Row): string | null {
    const value = row[this.#table.parent?.column ?? ""];
    return value === null || value === undefined ? null : keyOf({ value }, ["value"]);
  }

  #put(key: string, parent: string, row: Row, conflated: boolean): void {
    const known = this.#byKey.get(key);
    const isOld = known && versionOf(row) !== 0 && versionOf(row) <= versionOf(known.row);
    if (isOld && !conflated) return;
    if (known && known.parent !== parent) this.#remove(key);
    this.#byKey.set(key, { parent, row });
    const keys = this.#byParent.get(parent) ?? new Set();
    this.#byParent.set(parent, keys.add(key));
  }

  #remove(key: string): void {
    const known = this.#byKey.get(key);
    if (!known) return;
    this.#byKey.delete(key);
    this.#byParent.get(known.parent)?.delete(key);
  }
}

/** The lists of children for the rows of a table. */
export class ChildLists {
  /** Position up to which events are applied. */
  position: number;
  readonly #lists: readonly Children[];
  /** Rows with their children, by the row without them. */
  readonly #joined = new WeakMap<Row, Row>();

  constructor(tables: readonly Table[], position: number) {
    this.#lists = tables.map((table) => new Children(table));
    this.position = position;
  }

  load(parents: readonly Row[], parentKey: readonly string[]): void {
    for (const list of this.#lists) list.load(parents, parentKey);
  }

  apply(
    events: readonly ChangeEvent[],
    conflated: boolean,
    known: (parent: string) => Row | undefined,
  ): void {
    const fresh = events.filter(({ position }) => position > this.position);
    for (const list of this.#lists) {
      const mine = fresh.filter(({ table }) => table === list.name);
      for (const parent of list.apply(mine, conflated)) {
        const row = known(parent);
        if (row) this.#joined.delete(row);
      }
      list.prune((parent) => known(parent) !== undefined);
    }
    this.position = Math.max(this.position, events.at(-1)?.position ?? 0);
  }

  /** Applies events again that come after an earlier position. */
  repeat<T>(position: number, apply: () => T): T {
    const before = this.position;
    this.position = position;
    const result = apply();
    this.position = Math.max(before, this.position);
    return result;
  }

  /** Returns the rows with their children. */
  join(rows: readonly Row[], key: readonly string[]): readonly Row[] {
    return rows.map((row) => {
      const lists = this.#lists.map((list) => list.of(keyOf(row, key)));
      const joined = this.#joined.get(row) ?? (Object.assign({}, row, ...lists) as Row);
      this.#joined.set(row, joined);
      return joined;
    });
  }
}
