import { type Id, Observable, versionOf } from "real-time-orders";
import { type Order } from "@/lib/row";

/** A status that the user chose and that has not come back by the stream yet. */
export interface Edit {
  readonly status: string;
  /** The version in the API's answer; null until it arrives. */
  readonly version: Id | null;
}
type Edits = ReadonlyMap<Id, Edit>;

/** More than a user changes by hand before the first change comes back. */
const MOST = 1000;

/**
 * Shows the user's own changes at once. Only the stream changes the table: an edit covers its row
 * until the row has the version that the API answered with.
 */
export class OrderEdits {
  readonly state = new Observable<Edits>(new Map());

  begin(id: Id, status: string): void {
    const edits = new Map(this.state.get());
    edits.delete(id);
    edits.set(id, { status, version: null });
    for (const [oldest, { version }] of edits) {
      if (edits.size <= MOST) break;
      if (version !== null) edits.delete(oldest);
    }
    this.state.set(edits);
  }

  accepted(id: Id, version: Id): void {
    const edit = this.state.get().get(id);
    if (edit) this.state.set(new Map(this.state.get()).set(id, { ...edit, version }));
  }

  drop(id: Id): void {
    const edits = new Map(this.state.get());
    edits.delete(id);
    this.state.set(edits);
  }
}

export function isPending(edit: Edit | undefined, order: Order | undefined): edit is Edit {
  if (!edit || !order) return false;
  return edit.version === null || versionOf(order) < edit.version;
}
