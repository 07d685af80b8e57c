/**
 * Which rows of a long list are in view. Browsers draw no element higher than some millions of pixels, so
 * a longer list scrolls within such an element: short ways one to one, long ways in proportion. Pure.
 */

export interface ScrollSize {
  readonly count: number;
  readonly rowPx: number;
  /** The height of the view, without the heading that covers its top. */
  readonly viewPx: number;
}

export interface ScrollPlace {
  /** Where the element is scrolled to. */
  readonly top: number;
  /** How far the list is scrolled beyond that. */
  readonly offset: number;
}

export const START: ScrollPlace = { top: 0, offset: 0 };

/** Below what every browser draws. */
const HIGHEST_PX = 10_000_000;
const PAGES = 100;
const OVERSCAN_ROWS = 8;

const listPx = ({ count, rowPx }: ScrollSize): number => count * rowPx;

/** The height of the element. */
export const elementPx = (size: ScrollSize): number => Math.min(listPx(size), HIGHEST_PX);

/** The place after the element was scrolled to `top`; its own `top` may be another, to scroll on from. */
export function scrolledTo(top: number, before: ScrollPlace, size: ScrollSize): ScrollPlace {
  if (listPx(size) <= HIGHEST_PX) return { top, offset: 0 };
  if (Math.abs(top - before.top) < size.viewPx) return placeOf(top + before.offset, size);
  const scale = (listPx(size) - size.viewPx) / (HIGHEST_PX - size.viewPx);
  return { top, offset: offsetAt(top * scale, size) };
}

/** The place at which the list is scrolled to `y`. */
export function placeOf(y: number, size: ScrollSize): ScrollPlace {
  const most = Math.max(0, listPx(size) - size.viewPx);
  const at = Math.min(Math.max(0, y), most);
  if (listPx(size) <= HIGHEST_PX) return { top: at, offset: 0 };
  const offset = offsetAt(at, size);
  return { top: at - offset, offset };
}

function offsetAt(y: number, size: ScrollSize): number {
  const pagePx = HIGHEST_PX / PAGES;
  const pages = Math.ceil(listPx(size) / pagePx);
  const page = Math.min(pages - 1, Math.floor(y / pagePx));
  return Math.round((page * (listPx(size) - HIGHEST_PX)) / (pages - 1));
}

/** The rows to draw: those in view, and some more. */
export function rowsInView(
  { top, offset }: ScrollPlace,
  { count, rowPx, viewPx }: ScrollSize,
): readonly [first: number, end: number] {
  const y = top + offset;
  const first = Math.max(0, Math.floor(y / rowPx) - OVERSCAN_ROWS);
  return [first, Math.min(count, Math.ceil((y + viewPx) / rowPx) + OVERSCAN_ROWS)];
}

/** Where the list has to be scrolled to, for a row to be wholly in view. */
export function revealing(
  row: number,
  { top, offset }: ScrollPlace,
  { rowPx, viewPx }: ScrollSize,
): number {
  const y = top + offset;
  const highest = row * rowPx;
  const lowest = highest + rowPx - viewPx;
  return Math.min(Math.max(y, lowest), highest);
}
