import { Observable } from "@/lib/observable";
import type { Order, Status } from "@/lib/protocol";

/** A change that the user made here and the stream has not brought yet. */
export interface Edit {
  readonly status: Status;
  /** The version that the API gave it; null while it has not answered. */
  readonly version: number | null;
}
type Edits = ReadonlyMap<number, Edit>;

/** More than anyone changes by hand before the stream has brought the first. */
const MOST = 1000;

/**
 * Shows the user's own changes at once. The stream stays the only one that changes the table: an
 * edit lies over its row until the row has reached the version that the API answered with.
 */
export class OrderEdits {
  readonly state = new Observable<Edits>(new Map());

  begin(id: number, status: Status): void {
    const edits = new Map(this.state.get());
    edits.delete(id);
    edits.set(id, { status, version: null });
    for (const [oldest, { version }] of edits) {
      if (edits.size <= MOST) break;
      if (version !== null) edits.delete(oldest);
    }
    this.state.set(edits);
  }

  accepted(id: number, version: number): void {
    const edit = this.state.get().get(id);
    if (edit) this.state.set(new Map(this.state.get()).set(id, { ...edit, version }));
  }

  drop(id: number): void {
    const edits = new Map(this.state.get());
    edits.delete(id);
    this.state.set(edits);
  }
}

export function isPending(edit: Edit | undefined, order: Order | undefined): edit is Edit {
  if (!edit || !order) return false;
  return edit.version === null || order.version < edit.version;
}
