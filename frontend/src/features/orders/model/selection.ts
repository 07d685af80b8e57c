import { Observable } from "@/lib/observable";

/** Orders that the user has picked, by id: whatever happens to rows, these stay picked. */
export class Selection {
  readonly state = new Observable<ReadonlySet<number>>(new Set());
  #last: number | null = null;

  toggle(id: number): void {
    const picked = new Set(this.state.get());
    if (!picked.delete(id)) picked.add(id);
    this.#last = id;
    this.state.set(picked);
  }

  /** From the last one picked to this one, as they stand on the page. */
  extendTo(id: number, idsBetween: (from: number, to: number) => readonly number[]): void {
    const from = this.#last ?? id;
    this.#last = id;
    this.add(idsBetween(from, id));
  }

  add(ids: readonly number[]): void {
    this.state.set(new Set([...this.state.get(), ...ids]));
  }

  remove(ids: readonly number[]): void {
    const gone = new Set(ids);
    this.state.set(new Set([...this.state.get()].filter((id) => !gone.has(id))));
  }

  clear(): void {
    if (this.state.get().size > 0) this.state.set(new Set());
  }
}
