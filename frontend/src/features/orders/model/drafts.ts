import { Observable, type Row } from "real-time-orders";

/** What the user has typed into one value, and not saved yet. */
export interface Draft {
  readonly text: string;
  /** The text that the editor began with. */
  readonly initial: string;
  /** The row as it was when the editor was opened. */
  readonly seen: Row;
  /** Why it was not saved; null while it can be. */
  readonly error: string | null;
}

export const isTyped = (draft: Draft | undefined): draft is Draft =>
  draft !== undefined && draft.text !== draft.initial;

/** Texts that outlive their editors: a closed panel, a column that vanishes, an ended session. */
export class Drafts {
  /** By table, key and column. */
  readonly state = new Observable<ReadonlyMap<string, Draft>>(new Map());

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
}
