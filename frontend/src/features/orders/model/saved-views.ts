/** The saved views that the user may see, from the API's latest answer. */
import { Observable, ORDERS } from "real-time-orders";
import { locale } from "@/lib/locale";
import { addView, changeView, listViews, removeView, type SavedView } from "../api/views";

export interface SavedViewsState {
  /** Null until the views are loaded. */
  readonly views: readonly SavedView[] | null;
  /** The saved view that the page shows, possibly modified. */
  readonly current: SavedView | null;
}

export class SavedViews {
  readonly state = new Observable<SavedViewsState>({ views: null, current: null });
  readonly #table: string;

  constructor(table: string = ORDERS) {
    this.#table = table;
  }

  /**
   * Loads the views. Called also when the user returns to the page, for views that others saved
   * meanwhile.
   */
  async load(): Promise<void> {
    const views = (await listViews()).filter(({ table }) => table === this.#table);
    this.#set(views, this.state.get().current);
  }

  /** Sets the view that the page shows. */
  choose(current: SavedView | null): void {
    if (current?.id !== this.state.get().current?.id) this.#set(this.state.get().views, current);
  }

  async add(name: string, query: string, shared: boolean): Promise<SavedView> {
    const added = await addView({ table: this.#table, name, query, shared });
    this.#set([...(this.state.get().views ?? []), added], added);
    return added;
  }

  async change(id: number, change: { name?: string; query?: string }): Promise<void> {
    const changed = await changeView(id, change);
    const { views, current } = this.state.get();
    this.#set(
      (views ?? []).map((each) => (each.id === id ? changed : each)),
      current,
    );
  }

  async remove(id: number): Promise<void> {
    await removeView(id);
    const { views, current } = this.state.get();
    this.#set(
      (views ?? []).filter((each) => each.id !== id),
      current,
    );
  }

  #set(views: readonly SavedView[] | null, current: SavedView | null): void {
    const sorted = views && [...views].sort((a, b) => a.name.localeCompare(b.name, locale()));
    const known = sorted ? (sorted.find(({ id }) => id === current?.id) ?? null) : current;
    this.state.set({ views: sorted, current: known });
  }
}
