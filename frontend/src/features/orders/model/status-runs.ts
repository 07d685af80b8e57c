/**
 * Changes of the status of one or many orders, several orders in each request. Failures are kept with
 * their reasons and can be tried again. Changes can be undone. Failed deletes of many orders are listed
 * here too.
 */
import { ConflictError, Observable, RefusedError, type Row } from "real-time-orders";
import type { Toasts } from "@/components/toasts";
import { formatCount, messageOf, visibleStatus } from "@/lib/format";
import { type Order, withId } from "@/lib/row";
import type { OrderSchema } from "@/lib/schema";
import { words } from "@/words";
import type { NotDeleted, OrderWrites } from "./order-writes";
import { type Step, stepFrom } from "./steps";
import type { Undoable } from "./undos";

export interface Failure {
  readonly order: Order;
  /** The wanted status; null: the order should be deleted. */
  readonly status: string | null;
  readonly reason: string;
  /** Whether another attempt would fail too. */
  readonly isFinal: boolean;
}

/** A change of many orders: running, or ended with failures that the user has not dismissed. */
export interface Run {
  /** Whether the orders were deleted. */
  readonly isDelete: boolean;
  readonly total: number;
  readonly done: number;
  readonly failures: readonly Failure[];
  readonly isRunning: boolean;
}

/** Batches of the orders to change, as they are found. Orders that cannot change are left out. */
export type Source = AsyncIterable<readonly Step[]> | Iterable<readonly Step[]>;

export class StatusRuns {
  readonly state: Observable<Run | null>;
  readonly #writes: OrderWrites;
  readonly #toasts: Toasts;
  readonly #schema: () => OrderSchema;
  #running = new AbortController();

  constructor(
    writes: OrderWrites,
    toasts: Toasts,
    schema: () => OrderSchema,
    state = new Observable<Run | null>(null),
  ) {
    this.state = state;
    this.#writes = writes;
    this.#toasts = toasts;
    this.#schema = schema;
  }

  /**
   * Offers to undo the change of one order, even before the API answers. `before`: the status that was
   * shown, which may have been an edit not yet saved. `write`: the result of `OrderWrites.setStatus`.
   */
  async one(
    order: Order,
    before: string,
    status: string,
    write: Promise<Row | null>,
  ): Promise<void> {
    const undoable = {
      ids: new Set([order.id]),
      label: words.writes.backTo(visibleStatus(before)),
      run: () => {
        void write.then((answer) =>
          answer ? this.#back([{ order: withId(answer, order.id), status: before }]) : undefined,
        );
      },
    };
    this.#writes.undos.offer(undoable);
    if (!(await write)) this.#writes.undos.forget(undoable);
    else
      this.#tell(
        undoable,
        "good",
        words.writes.is(words.writes.order(String(order.id)), visibleStatus(status)),
      );
  }

  /** Changes many orders. `total` is the expected number; `earlier` failures stay in the list. */
  async many(source: Source, total: number, earlier: readonly Failure[] = []): Promise<void> {
    if (this.state.get()?.isRunning) return;
    const { signal } = (this.#running = new AbortController());
    this.state.set({ isDelete: false, total, done: 0, failures: [], isRunning: true });
    const done: Done[] = [];
    const failures: Failure[] = [...earlier];
    const tell = () => {
      const found = Math.max(total, done.length + failures.length - earlier.length);
      const now = { total: found, done: done.length, failures: [...failures] };
      this.state.set({ isDelete: false, ...now, isRunning: true });
    };
    let trouble: unknown = null;
    try {
      for await (const steps of source) {
        await this.#write(steps, done, failures, tell);
        if (signal.aborted) break;
      }
    } catch (error) {
      trouble = error;
    }
    this.#end(false, done.length, failures);
    if (done.length > 0) this.#offer(done, failures.length - earlier.length);
    if (trouble !== null) {
      const title = words.writes.notFound;
      this.#toasts.show({ tone: "bad", title, detail: messageOf(trouble) });
    }
  }

  /** Lists orders whose delete failed, as soon as no change is running. */
  notDeleted(failed: readonly NotDeleted[], deleted: number): void {
    const failures = failed.map(({ order, error }) => this.#failure(order, null, error));
    const list = () => {
      if (this.state.get()?.isRunning) return;
      stop();
      this.#end(true, deleted, [...(this.state.get()?.failures ?? []), ...failures]);
    };
    const stop = this.state.subscribe(list);
    list();
  }

  /** Tries the failed orders again, with their present versions. */
  async retry(): Promise<void> {
    const failures = this.state.get()?.failures ?? [];
    const again = failures.flatMap(({ order, status, isFinal }) =>
      isFinal || status === null ? [] : [{ order, status }],
    );
    const others = failures.filter(({ isFinal }) => isFinal);
    this.#writes.remove(failures.flatMap(({ order, status }) => (status === null ? [order] : [])));
    if (again.length > 0) await this.many([again], again.length, others);
    else this.#end(false, 0, others);
  }

  /** Ends a run. It stays in `state` if something failed. */
  #end(isDelete: boolean, done: number, failures: readonly Failure[]): void {
    const total = done + failures.length;
    this.state.set(total > done ? { isDelete, total, done, failures, isRunning: false } : null);
  }

  /** Sends no further request. */
  stop(): void {
    this.#running.abort();
  }

  dismiss(): void {
    if (!this.state.get()?.isRunning) this.state.set(null);
  }

  /** Writes some steps. If someone else has set the same status already, the step counts as done. */
  async #write(
    steps: readonly Step[],
    done: Done[],
    failures: Failure[],
    tell: () => void = () => undefined,
  ): Promise<void> {
    for await (const written of this.#writes.writeStatuses(steps, this.#running.signal)) {
      for (const { step, row, error } of written) {
        const now = error instanceof ConflictError ? error.theirs : null;
        const isMade = now !== null && this.#schema().statusOf(now) === step.status;
        const answer = isMade ? now : row;
        if (answer) done.push({ order: step.order, answer });
        else failures.push(this.#failure(step.order, step.status, error));
      }
      tell();
    }
  }

  /** Returns the reason for a failure, with the order as it is now. */
  #failure(order: Order, status: string | null, error: unknown): Failure {
    if (error instanceof RefusedError && error.status === 404) {
      return { order, status, reason: words.writes.wasDeleted, isFinal: true };
    }
    if (!(error instanceof ConflictError)) {
      return { order, status, reason: messageOf(error), isFinal: false };
    }
    const now = error.theirs === null ? order : withId(error.theirs, order.id);
    const is = this.#schema().statusOf(now);
    const may = status === null || stepFrom(is, status, this.#schema()) !== null;
    const reason = words.writes.changedNow(visibleStatus(is));
    const whole = may ? reason : words.writes.cannotMove(reason);
    return { order: now, status, reason: whole, isFinal: !may };
  }

  #offer(done: readonly Done[], failed: number): void {
    const schema = this.#schema();
    const back = done.map(({ order, answer }) => {
      return { order: withId(answer, order.id), status: schema.statusOf(order) };
    });
    const [status = "", ...others] = new Set(back.map(({ order }) => schema.statusOf(order)));
    const [only] = done;
    const isOne = only !== undefined && done.length === 1;
    const say = words.writes;
    const what = isOne ? say.order(String(only.order.id)) : say.orders(done.length);
    const is =
      others.length > 0
        ? say.movedOn(what)
        : (isOne ? say.is : say.are)(what, visibleStatus(status));
    const title = failed > 0 ? say.andNot(is, formatCount(failed)) : is;
    const report = this.state.get();
    const undoable = {
      ids: new Set(done.map(({ order }) => order.id)),
      label: isOne ? say.backTo(visibleStatus(schema.statusOf(only.order))) : words.do.undo,
      run: () => {
        if (this.state.get() === report) this.dismiss(); // the report of the undone run
        void this.#back(back);
      },
    };
    this.#writes.undos.offer(undoable);
    this.#tell(undoable, failed > 0 ? "neutral" : "good", title);
  }

  /** Shows what was done, until it is undone or another change replaces it. */
  #tell(undoable: Undoable, tone: "good" | "neutral", title: string): void {
    const { undos } = this.#writes;
    if (undos.state.get() !== undoable) return;
    const action = {
      label: words.do.undo,
      run: () => void undos.undo(undoable),
      onHold: (held: boolean) => undos.hold(undoable, held),
    };
    const toast = this.#toasts.show({ tone, title, action });
    const stop = undos.state.subscribe(() => {
      if (undos.state.get() === undoable) return;
      this.#toasts.dismiss(toast);
      stop();
    });
  }

  /** Sets the former statuses. This change offers no undo. */
  async #back(steps: readonly Step[]): Promise<void> {
    this.#running = new AbortController();
    const [only] = steps;
    if (only && steps.length === 1) {
      await this.#writes.setStatus(only.order, only.status);
      return;
    }
    const done: Done[] = [];
    const failures: Failure[] = [];
    await this.#write(steps, done, failures);
    const back = done.length;
    if (failures.length > 0) this.#end(false, back, failures);
    this.#toasts.show({
      tone: "neutral",
      title: words.writes.asBefore(formatCount(back), formatCount(steps.length)),
    });
  }
}

interface Done {
  readonly order: Order;
  readonly answer: Row;
}
