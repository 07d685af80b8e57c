import { type ChangeEvent, Observable, type Row } from "real-time-orders";
import { keyIn } from "@/lib/row";
import { rowId } from "./order-edits";

/** What the user has typed into the editor of one value and has not saved yet. */
export interface Draft {
  readonly text: string;
  /** The text in the editor when it was opened. */
  readonly initial: string;
  /** The row as it was when the editor was opened. */
  readonly seen: Row;
  /** Why saving failed; null if it did not fail. */
  readonly error: string | null;
  /**
   * Table and key of the row that must exist for the text to be saved: the row itself, or for a new
   * line its order.
   */
  readonly table: string;
  readonly key: string;
  /** Says what was typed; `plain` is the text to show to the user if `text` is not easy to read. */
  readonly label: string;
  readonly plain?: string;
}

export const isTyped = (draft: Draft | undefined): draft is Draft =>
  draft !== undefined && draft.text !== draft.initial;

/**
 * Keeps typed texts after their editors are closed: with the panel, with a column that was removed, or
 * at the end of the session.
 */
export class Drafts {
  /** By table, key and column. */
  readonly state = new Observable<ReadonlyMap<string, Draft>>(new Map());
  /** Drafts of deleted rows, kept so that the user can copy them. */
  readonly lost = new Observable<readonly Draft[]>([]);

  get(id: string): Draft | undefined {
    return this.state.get().get(id);
  }

  set(id: string, draft: Draft): void {
    this.state.set(new Map(this.state.get()).set(id, draft));
  }

  delete(id: string): void {
    const drafts = new Map(this.state.get());
    if (drafts.delete(id)) this.state.set(drafts);
  }

  /** Keeps a draft whose row has been deleted. */
  lose(draft: Draft): void {
    this.lost.set([...this.lost.get(), draft]);
  }

  /** Moves the drafts of deleted rows to `lost`. */
  receive(events: readonly ChangeEvent[]): void {
    if (this.state.get().size === 0) return;
    const gone = new Map<string, boolean>();
    for (const event of events) {
      const { operation, table } = event;
      const key = keyIn(event);
      if (operation === "TRUNCATE") gone.set(table, true);
      else if (key !== null) gone.set(rowId(table, key), operation === "DELETE");
    }
    this.#loseWhere(({ table, key }) => gone.get(rowId(table, key)) ?? gone.get(table) ?? false);
  }

  /** Asks the API whether each row with a draft still exists. Called after events were missed. */
  async check(isGone: (table: string, key: string) => Promise<boolean>): Promise<void> {
    await Promise.all(
      [...this.state.get().values()].map(async (draft) => {
        const { table, key } = draft;
        if (await isGone(table, key)) {
          this.#loseWhere((each) => each.table === table && each.key === key);
        }
      }),
    );
  }

  #loseWhere(isGone: (draft: Draft) => boolean): void {
    const drafts = [...this.state.get()];
    const left = drafts.filter(([, draft]) => !isGone(draft));
    if (left.length === drafts.length) return;
    const lost = drafts.map(([, draft]) => draft).filter((each) => isTyped(each) && isGone(each));
    this.state.set(new Map(left));
    if (lost.length > 0) this.lost.set([...this.lost.get(), ...lost]);
  }
}
