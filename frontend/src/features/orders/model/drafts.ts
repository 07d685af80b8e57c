import { type ChangeEvent, Observable, type Row } from "real-time-orders";
import { keyIn } from "@/lib/row";
import { rowId } from "./order-edits";

/** What the user has typed into one value, and not saved yet. */
export interface Draft {
  readonly text: string;
  /** The text that the editor began with. */
  readonly initial: string;
  /** The row as it was when the editor was opened. */
  readonly seen: Row;
  /** Why it was not saved; null while it can be. */
  readonly error: string | null;
  /** The row without which the text cannot be saved: its own, or the order of a new line. */
  readonly table: string;
  readonly key: string;
  /** What the text is, and for people to read where it is not plain. */
  readonly label: string;
  readonly plain?: string;
}

export const isTyped = (draft: Draft | undefined): draft is Draft =>
  draft !== undefined && draft.text !== draft.initial;

/** Texts that outlive their editors: a closed panel, a column that vanishes, an ended session. */
export class Drafts {
  /** By table, key and column. */
  readonly state = new Observable<ReadonlyMap<string, Draft>>(new Map());
  /** Of rows that are gone: kept for the user to copy. */
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

  /** The row of a text is gone. */
  lose(draft: Draft): void {
    this.lost.set([...this.lost.get(), draft]);
  }

  /** Of rows that are deleted, what was typed is lost. */
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

  /** Events were missed: ask for each row that was typed into. */
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
