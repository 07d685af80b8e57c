import { Observable } from "@/lib/observable";
import type { Order, Status } from "@/lib/protocol";
import type { OrderIndex } from "./order-index";

/** A change that the user made here and the stream has not brought yet. */
export interface Edit {
  readonly status: Status | null;
  readonly deleted: boolean;
  /** The version that the API gave it; null while it has not answered. */
  readonly version: number | null;
}
type Edits = ReadonlyMap<number, Edit>;

/**
 * Shows the user's own changes at once. The stream stays the only one that changes the table: an
 * edit lies over its row until the row has reached the version that the API answered with.
 */
export class OrderEdits {
  readonly state = new Observable<Edits>(new Map());

  begin(id: number, edit: Omit<Edit, "version">, orders: OrderIndex): void {
    const open = [...this.state.get()].filter(([other, it]) => isPending(it, orders.get(other)));
    this.state.set(new Map([...open, [id, { ...edit, version: null }]]));
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
