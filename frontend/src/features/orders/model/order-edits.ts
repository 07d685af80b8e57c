import { type Id, Observable, type Row, versionOf } from "real-time-orders";

/** A change by the user whose event the stream has not delivered yet. */
interface Write {
  /** The new values, by column. */
  readonly change: Row;
  /** The version in the API's answer; null until it arrives. */
  readonly version: Id | null;
}
/** The writes to one row, oldest first. */
export type Edit = readonly Write[];
type Edits = ReadonlyMap<string, Edit>;

/** The most edits to keep: more than a user makes before the first event arrives. */
const MOST = 1000;

/** Identifies a row of any table. `key` is the key as it stands in the API's paths. */
export const rowId = (table: string, key: string): string => `${table}/${key}`;

/**
 * Shows the user's own changes at once. Only the stream changes the table: until the row has the
 * version in the API's answer, the edit's values are shown in place of the row's.
 */
export class OrderEdits {
  /** By `rowId`. */
  readonly state = new Observable<Edits>(new Map());

  /**
   * Begins an edit. Call the returned function with the version in the API's answer, or with null if
   * the request failed.
   */
  begin(id: string, change: Row): (version: Id | null) => void {
    const end = this.beginAll(new Map([[id, change]]));
    return (version) => end([[id, version]]);
  }

  /** Begins edits by `rowId`. The returned function ends some of them. */
  beginAll(
    changes: ReadonlyMap<string, Row>,
  ): (versions: Iterable<readonly [string, Id | null]>) => void {
    const own = new Map([...changes].map(([id, change]) => [id, { change, version: null }]));
    const known = this.state.get();
    this.#set([...own].map(([id, write]) => [id, [...(known.get(id) ?? []), write]]));
    return (versions) => {
      const edits = this.state.get();
      this.#set(
        [...versions].map(([id, version]) => [
          id,
          (edits.get(id) ?? []).flatMap((write) => {
            if (write !== own.get(id)) return [write];
            return version === null ? [] : [{ ...write, version }];
          }),
        ]),
      );
    };
  }

  #set(changed: readonly (readonly [string, Edit])[]): void {
    const edits = new Map(this.state.get());
    for (const [id, edit] of changed) {
      edits.delete(id);
      if (edit.length > 0) edits.set(id, edit);
    }
    for (const [oldest, writes] of edits) {
      if (edits.size <= MOST) break;
      if (writes.every(({ version }) => version !== null)) edits.delete(oldest);
    }
    this.state.set(edits);
  }
}

/** Returns the edited values that the row does not have yet, or null if it has them all. */
export function pendingOf(edit: Edit | undefined, row: Row | undefined): Row | null {
  if (!edit || !row) return null;
  const writes = edit.filter(({ version }) => version === null || versionOf(row) < version);
  if (writes.length === 0) return null;
  return writes.reduce<Row>((values, { change }) => ({ ...values, ...change }), {});
}

/** Returns the row with the user's values; the same object if it has them already. */
export function withEdit<R extends Row>(row: R, edit: Edit | undefined): R {
  const pending = pendingOf(edit, row);
  return pending ? { ...row, ...pending } : row;
}
