import {
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from "react";

/** A cell of the grid: its row, and its position in the row. */
export interface GridPlace {
  readonly row: number;
  readonly cell: number;
}

interface GridFocusOptions {
  readonly grid: RefObject<HTMLDivElement | null>;
  /** How many rows there are. */
  readonly count: number;
  readonly rowsOfView: number;
  /** Returns the first row that is completely in view. */
  readonly topRow: () => number;
  readonly reveal: (row: number) => void;
  /** How many places the rows have moved so far. */
  readonly moved: number;
}

const CONTROLS = "a, button, input, select, textarea";
const FIELDS = 'input:not([type="checkbox"]), select, textarea';

/**
 * Manages the keyboard's focus in a grid. One cell takes the focus, and arrow keys reach the others. In
 * a cell with a control, the control gets the focus. When rows are added, removed or moved, the focus
 * stays with its row; if that row was removed, the focus goes to the row in its place.
 */
export function useGridFocus(options: GridFocusOptions) {
  const { grid, count, rowsOfView, topRow, reveal, moved } = options;
  const [active, setActive] = useState<GridPlace>({ row: 0, cell: 0 });
  const wanted = useRef<GridPlace>(null);
  const holder = useRef<Element>(null);
  const last = useRef<GridPlace>(null);
  const [movedBefore, setMovedBefore] = useState(moved);
  if (moved !== movedBefore) {
    setMovedBefore(moved);
    setActive(movedBy(active, moved - movedBefore));
  }
  const movedLast = useRef(moved);

  useLayoutEffect(() => {
    const by = moved - movedLast.current;
    movedLast.current = moved;
    if (wanted.current) wanted.current = movedBy(wanted.current, by);
    if (last.current) last.current = movedBy(last.current, by);
    const box = grid.current;
    const isLost =
      holder.current?.isConnected === false && document.activeElement === document.body;
    if (!isLost) last.current = placeOf(document.activeElement) ?? last.current;
    const to = wanted.current ?? (isLost ? last.current : null);
    if (!box || !to) return;
    const { row, cell } = { ...to, row: Math.min(to.row, count - 1) };
    const found = box.querySelector<HTMLElement>(`[data-row="${row}"] > [data-cell="${cell}"]`);
    if (found) wanted.current = null;
    const target = found?.querySelector<HTMLElement>(CONTROLS) ?? found;
    if (target) target.focus({ preventScroll: true });
    else if (isLost) box.focus({ preventScroll: true });
  });

  function go(row: number, cell: number): void {
    if (count === 0) return;
    const to = { row: Math.min(Math.max(row, 0), count - 1), cell };
    wanted.current = to;
    setActive({ ...to });
    reveal(to.row);
  }

  /**
   * Moves the focus by some rows, from its present row. Without the focus, goes to the first row in
   * view.
   */
  function move(by: number): void {
    const from = grid.current?.contains(document.activeElement)
      ? placeOf(document.activeElement)
      : null;
    if (from) go(from.row + by, from.cell);
    else go(topRow(), firstCell(grid.current));
  }

  function onFocus({ target }: FocusEvent<HTMLElement>): void {
    holder.current = target;
    const to = placeOf(target);
    if (to) setActive((now) => (now.row === to.row && now.cell === to.cell ? now : to));
  }

  function onBlur({ target, relatedTarget }: FocusEvent<HTMLElement>): void {
    // A removed row loses the focus too, but no other element gets it.
    queueMicrotask(() => {
      if (holder.current === target && (relatedTarget !== null || target.isConnected))
        holder.current = null;
    });
  }

  function onKeyDown(event: KeyboardEvent<HTMLElement>): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || target.matches(FIELDS) || altKey || metaKey || shiftKey) return;
    const from = placeOf(target) ?? (target === grid.current ? active : null);
    if (!from || !grid.current?.contains(target)) return;
    const { row, cell } = from;
    const cells =
      target.closest("[data-row]")?.querySelectorAll(":scope > [data-cell]").length ?? 1;
    const moves: Readonly<Partial<Record<string, GridPlace>>> = {
      ArrowDown: { row: row + 1, cell },
      ArrowUp: { row: row - 1, cell },
      ArrowRight: { row, cell: Math.min(cell + 1, cells - 1) },
      ArrowLeft: { row, cell: Math.max(cell - 1, 0) },
      PageDown: { row: row + rowsOfView, cell },
      PageUp: { row: row - rowsOfView, cell },
      Home: ctrlKey ? { row: 0, cell: 0 } : { row, cell: 0 },
      End: ctrlKey ? { row: count - 1, cell } : { row, cell: cells - 1 },
    };
    const to = moves[key];
    if (!to || (ctrlKey && key !== "Home" && key !== "End")) return;
    event.preventDefault();
    go(to.row, to.cell);
  }

  return { active, move, handlers: { onFocus, onBlur, onKeyDown } };
}

const movedBy = ({ row, cell }: GridPlace, by: number): GridPlace => ({
  row: Math.max(0, row + by),
  cell,
});

function placeOf(element: Element | null): GridPlace | null {
  const cell = element?.closest<HTMLElement>("[data-cell]");
  const row = cell?.parentElement?.dataset.row;
  return cell && row !== undefined ? { row: Number(row), cell: Number(cell.dataset.cell) } : null;
}

/** Returns the position of the first cell that does not hold the checkbox. */
function firstCell(grid: HTMLElement | null): number {
  return grid?.querySelector('[data-row] > [data-cell="0"] input[type="checkbox"]') ? 1 : 0;
}
