/**
 * How the user has arranged a table: which columns, in which order, how wide. Pure except for the class
 * that saves it.
 */
import type { Observable } from "real-time-orders";
import type { Preference } from "@/lib/preferences";
import { count, list, nullable, object, type Read, record, type Shape, text } from "@/lib/shape";

const Layout = object({
  /** The columns whose visibility the user has changed from the default. */
  differing: list(text),
  /** The names of columns in the chosen order; null: the default order. */
  order: nullable(list(text)),
  /** In pixels, by column. */
  widths: record(count),
});
export type TableLayout = Read<typeof Layout>;
export const TableLayout: Shape<TableLayout> = Layout;

export const USUAL_LAYOUT: TableLayout = { differing: [], order: null, widths: {} };

export const NARROWEST_PX = 40;
const WIDEST_PX = 1200;

/** Moves a column before or after another column. `shown`: the names in their present order. */
export function moved(
  shown: readonly string[],
  name: string,
  to: string,
  isAfter: boolean,
): readonly string[] {
  if (name === to || !shown.includes(name) || !shown.includes(to)) return shown;
  const others = shown.filter((each) => each !== name);
  const at = others.indexOf(to) + (isAfter ? 1 : 0);
  return [...others.slice(0, at), name, ...others.slice(at)];
}

/**
 * Returns the names in the chosen order. A name that is not in the order stays after the name before
 * it.
 */
export function inOrder(names: readonly string[], order: readonly string[] | null): string[] {
  if (order === null) return [...names];
  const placed = order.filter((name) => names.includes(name));
  names.forEach((name, at) => {
    if (placed.includes(name)) return;
    const before = placed.indexOf(names[at - 1] ?? "");
    placed.splice(before + 1, 0, name);
  });
  return placed;
}

export class ColumnChoice {
  readonly state: Observable<TableLayout | null>;
  readonly #kept: Preference<TableLayout>;

  constructor(kept: Preference<TableLayout>) {
    this.#kept = kept;
    this.state = kept.state;
  }

  get layout(): TableLayout {
    return this.state.get() ?? USUAL_LAYOUT;
  }

  toggle(name: string): void {
    const differing = new Set(this.layout.differing);
    if (!differing.delete(name)) differing.add(name);
    this.#change({ differing: [...differing] });
  }

  /** Moves a column. `all`: the names of all columns that can be shown, in their present order. */
  move(all: readonly string[], name: string, to: string, isAfter: boolean): void {
    this.#change({ order: [...moved(all, name, to, isAfter)] });
  }

  resize(name: string, px: number): void {
    const width = Math.round(Math.min(Math.max(px, NARROWEST_PX), WIDEST_PX));
    this.#change({ widths: { ...this.layout.widths, [name]: width } });
  }

  /** Restores the default width. */
  unsize(name: string): void {
    const widths = Object.entries(this.layout.widths).filter(([each]) => each !== name);
    this.#change({ widths: Object.fromEntries(widths) });
  }

  reset(): void {
    this.#kept.set(null);
  }

  #change(change: Partial<TableLayout>): void {
    this.#kept.set({ ...this.layout, ...change });
  }
}
