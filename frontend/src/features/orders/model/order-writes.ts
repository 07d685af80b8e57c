/**
 * The user's changes of orders. They are shown at once, and reverted with a message if the API refuses
 * them. Each request names the version that the user saw. If the order has a newer version, the user
 * decides.
 */
import {
  ConflictError,
  type Id,
  type ManyOptions,
  Observable,
  ORDERS,
  RefusedError,
  type Row,
  toJson,
  versionOf,
  type Wanted,
} from "real-time-orders";
import type { Toasts } from "@/components/toasts";
import { messageOf } from "@/lib/format";
import { type Order, type RowKey, withId } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import type * as rows from "../api/rows";
import { Drafts } from "./drafts";
import type { NewOrder } from "./new-order";
import { valueOf } from "./order-draft";
import { OrderEdits, rowId } from "./order-edits";
import { PendingDeletes } from "./pending-deletes";
import type { Step } from "./steps";
import { Undos } from "./undos";

/** A change that failed because someone else changed the row first. */
export interface Conflict {
  readonly table: string;
  /** The key as it stands in the API's paths. */
  readonly key: string;
  /** The row as the user saw it. */
  readonly seen: Row;
  readonly now: Row;
  /** The values that the user chose, by column; null for a delete. */
  readonly wanted: Row | null;
  /** Called, in place of a message, if the user overwrites the other change and the API refuses. */
  readonly onRefused?: ((error: unknown) => void) | undefined;
}

/** A row to be deleted. */
interface RowRef {
  /** An order's id, or a `rowId`. */
  readonly id: RowKey;
  readonly table: string;
  readonly key: string;
  readonly seen: Row;
}

export type WritesApi = Pick<typeof rows, "changeRow" | "deleteRow" | "writeRows">;

/** The result for one of many orders: the changed order, or why it was not changed. */
export interface Written {
  readonly step: Step;
  readonly row: Row | null;
  readonly error: Error | null;
}

/** One of many orders whose delete was refused. */
export interface NotDeleted {
  readonly order: Order;
  readonly error: Error;
}

export class OrderWrites {
  readonly edits = new OrderEdits();
  readonly drafts = new Drafts();
  readonly deletes = new PendingDeletes<RowRef>();
  readonly undos = new Undos();
  readonly conflicts = new Observable<readonly Conflict[]>([]);

  readonly #newRows = new Map<string, Observable<NewOrder | null>>();
  readonly #api: WritesApi;
  readonly #toasts: Toasts;
  readonly #schema: () => OrderSchema;
  #tellNotDeleted: (failed: readonly NotDeleted[], deleted: number) => void = () => undefined;

  constructor(api: WritesApi, toasts: Toasts, schema: () => OrderSchema) {
    this.#api = api;
    this.#toasts = toasts;
    this.#schema = schema;
    this.deletes.onCommit((rows, leaving) => {
      const [only] = rows;
      if (rows.length > 1) void this.#deleteAll(rows, leaving);
      else if (only) void this.#delete(only, leaving);
    });
  }

  /**
   * Sets the listener for a delete of many orders that failed in part: it gets the orders that were not
   * deleted, and how many were deleted.
   */
  onNotDeleted(listener: (failed: readonly NotDeleted[], deleted: number) => void): void {
    this.#tellNotDeleted = listener;
  }

  /** The contents of the form for a new row of a table; null if nothing was typed. */
  newRow(table: string): Observable<NewOrder | null> {
    const draft = this.#newRows.get(table) ?? new Observable<NewOrder | null>(null);
    this.#newRows.set(table, draft);
    return draft;
  }

  /**
   * Changes columns of a row. If someone else has changed the same columns first, asks the user and
   * resolves to false. Rejects if the API refuses the values. If the API refuses after the user was
   * asked, calls `onRefused`.
   */
  async change(
    table: string,
    key: string,
    seen: Row,
    values: Row,
    onRefused?: Conflict["onRefused"],
  ): Promise<boolean> {
    try {
      await this.#change(table, key, seen, values).catch((error: unknown) => {
        const now = error instanceof ConflictError ? error.theirs : null;
        // The other change did not touch the same columns.
        if (now === null || !isSame(seen, now, values)) throw error;
        return this.#change(table, key, now, values);
      });
      return true;
    } catch (error) {
      return this.#ask(error, { table, key, seen, wanted: values, onRefused });
    }
  }

  /**
   * Returns the changed order. Returns null if it was not changed; the user then sees a message or a
   * question.
   */
  async setStatus(order: Order, status: string): Promise<Row | null> {
    try {
      return await this.#change(ORDERS, String(order.id), order, this.#statusAs(status));
    } catch (error) {
      const wanted = this.#statusAs(status);
      this.#explain(error, { table: ORDERS, key: String(order.id), seen: order, wanted });
      return null;
    }
  }

  /** Changes many orders. Yields the results for some orders after each request. */
  async *writeStatuses(
    steps: readonly Step[],
    signal: AbortSignal,
  ): AsyncGenerator<readonly Written[]> {
    const rows = steps.map((step) => ({
      step,
      id: rowId(ORDERS, String(step.order.id)),
      seen: step.order,
      change: this.#statusAs(step.status),
    }));
    const open = new Map(rows.map(({ id, change }) => [id, change]));
    const end = this.edits.beginAll(open);
    try {
      for await (const outcomes of this.#writeRows(rows, { signal })) {
        end(outcomes.map(({ wanted, version, error }) => [wanted.id, error ? null : version]));
        for (const { wanted } of outcomes) open.delete(wanted.id);
        yield outcomes.map(({ wanted: { step, seen, change }, version, error }) => {
          return { step, row: error ? null : { ...seen, ...change, version }, error };
        });
      }
    } finally {
      end([...open.keys()].map((id) => [id, null]));
    }
  }

  #writeRows<W extends Wanted>(rows: readonly W[], options: ManyOptions) {
    return this.#api.writeRows(ORDERS, [this.#schema().key], rows, options);
  }

  remove(orders: readonly Order[]): void {
    const [first] = orders;
    if (!first) return;
    const what =
      orders.length === 1
        ? words.writes.order(String(first.id))
        : words.writes.orders(orders.length);
    const rows = orders.map((seen) => ({
      id: seen.id,
      table: ORDERS,
      key: String(seen.id),
      seen,
    }));
    this.#schedule(rows, what, words.writes.deleted(what));
  }

  /** Deletes a row of another table, unless the user undoes it in time. */
  removeRow(table: string, key: string, seen: Row): void {
    const what = this.nameOf(table, key);
    this.#schedule([{ id: rowId(table, key), table, key, seen }], what, words.writes.removed(what));
  }

  /**
   * Schedules a delete. The toast is shown, and the keyboard shortcut undoes the delete, as long as undo
   * works.
   */
  #schedule(rows: readonly RowRef[], what: string, title: string): void {
    const { cancel, hold } = this.deletes.schedule(rows, () => {
      this.#toasts.dismiss(toast);
      this.undos.forget(undoable);
    });
    const undoable = { ids: new Set<Id>(), label: words.writes.keep(what), run: cancel };
    const action = { label: words.do.undo, run: cancel, onHold: hold };
    const toast = this.#toasts.show({ tone: "neutral", title, action });
    this.undos.offer(undoable);
  }

  /** Carries out the user's decision: overwrite the other change (`mine`) or keep it. */
  settle(conflict: Conflict, mine: boolean): void {
    this.conflicts.set(this.conflicts.get().filter((open) => open !== conflict));
    if (!mine) return;
    const { table, key, now, wanted, onRefused } = conflict;
    if (wanted === null) void this.#delete({ table, key, seen: now }, false);
    else {
      this.#change(table, key, now, wanted).catch((error: unknown) => {
        this.#explain(error, { table, key, seen: now, wanted, onRefused });
      });
    }
  }

  async #change(table: string, key: string, seen: Row, values: Row): Promise<Row> {
    const end = this.edits.begin(rowId(table, key), values);
    try {
      const answer = await this.#api.changeRow(table, key, seen, values);
      end(versionOf(answer));
      return answer;
    } catch (error) {
      end(null);
      throw error;
    }
  }

  async #delete({ table, key, seen }: Omit<RowRef, "id">, leaving: boolean): Promise<void> {
    try {
      await this.#api.deleteRow(table, key, seen, leaving);
    } catch (error) {
      if (!isGone(error)) this.#explain(error, { table, key, seen, wanted: null });
    }
  }

  /** Deletes orders. Rows of other tables are deleted one by one. */
  async #deleteAll(orders: readonly RowRef[], leaving: boolean): Promise<void> {
    const rows = orders.map(({ seen }) => ({ seen: seen as Order, change: null }));
    const failed: NotDeleted[] = [];
    for await (const outcomes of this.#writeRows(rows, { leaving })) {
      for (const { wanted, error } of outcomes)
        if (error && !isGone(error)) failed.push({ order: wanted.seen, error });
    }
    if (failed.length > 0) this.#tellNotDeleted(failed, orders.length - failed.length);
  }

  /** Converts a status to the type of its column. */
  #statusAs(status: string): Row {
    const column = this.#schema().role("status");
    return column ? { [column.name]: valueOf(status, column) } : {};
  }

  /**
   * Asks the user about a conflict. Returns true if both made the same change, so there is nothing to
   * decide. Throws other errors.
   */
  #ask(error: unknown, conflict: Omit<Conflict, "now">): boolean {
    const { seen, wanted } = conflict;
    if (!(error instanceof ConflictError) || error.theirs === null) throw error;
    const { theirs } = error;
    if (wanted !== null && isSame(theirs, wanted, wanted)) return true; // both chose the same
    const now = "id" in theirs || !isOrder(seen) ? theirs : withId(theirs, seen.id);
    this.conflicts.set([...this.conflicts.get(), { ...conflict, now }]);
    return false;
  }

  #explain(error: unknown, conflict: Omit<Conflict, "now">): void {
    try {
      this.#ask(error, conflict);
    } catch {
      const { table, key, wanted, onRefused } = conflict;
      if (onRefused) {
        onRefused(error);
        return;
      }
      const { notDeleted, notChanged } = words.writes;
      const title = (wanted === null ? notDeleted : notChanged)(this.nameOf(table, key));
      this.#toasts.show({ tone: "bad", title, detail: messageOf(error) });
    }
  }

  /** Returns the name of a row for messages. */
  nameOf(table: string, key: string): string {
    return table === ORDERS ? words.writes.order(key) : `${table} ${key}`;
  }
}

/** Whether someone else has deleted the row already. */
const isGone = (error: unknown): boolean => error instanceof RefusedError && error.status === 404;

const isOrder = (row: Row): row is Order => "id" in row;

/** Whether two rows have the same values in some columns. */
const isSame = (a: Row, b: Row, columns: Row): boolean =>
  Object.keys(columns).every((name) => toJson(a[name]) === toJson(b[name]));
