/**
 * Computes which rows of a long list are in view. Browsers limit the height of an element to some
 * millions of pixels, so a longer list scrolls within an element of limited height. Short distances
 * scroll pixel by pixel; long distances are scaled. Pure.
 */

export interface ScrollSize {
  readonly count: number;
  readonly rowPx: number;
  /** Height of the view, without the part that the heading covers. */
  readonly viewPx: number;
}

export interface ScrollPlace {
  /** The element's own scroll position, in pixels. */
  readonly top: number;
  /** What to add to `top` for the position in the whole list. */
  readonly offset: number;
}

export const START: ScrollPlace = { top: 0, offset: 0 };

/** Less than the limit of every browser. */
const HIGHEST_PX = 10_000_000;
const PAGES = 100;
const OVERSCAN_ROWS = 8;

const listPx = ({ count, rowPx }: ScrollSize): number => count * rowPx;

/** Returns the height of the element. */
export const elementPx = (size: ScrollSize): number => Math.min(listPx(size), HIGHEST_PX);

/**
 * Returns the place after the element was scrolled to `top`. Its `top` may differ; the element must
 * then be scrolled to it.
 */
export function scrolledTo(top: number, before: ScrollPlace, size: ScrollSize): ScrollPlace {
  if (listPx(size) <= HIGHEST_PX) return { top, offset: 0 };
  if (Math.abs(top - before.top) < size.viewPx) return placeOf(top + before.offset, size);
  const scale = (listPx(size) - size.viewPx) / (HIGHEST_PX - size.viewPx);
  return { top, offset: offsetAt(top * scale, size) };
}

/** Returns the place that shows the list at `y`. */
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

/** Returns the rows to draw: those in view, and some before and after. */
export function rowsInView(
  { top, offset }: ScrollPlace,
  { count, rowPx, viewPx }: ScrollSize,
): readonly [first: number, end: number] {
  const y = top + offset;
  const first = Math.max(0, Math.floor(y / rowPx) - OVERSCAN_ROWS);
  return [first, Math.min(count, Math.ceil((y + viewPx) / rowPx) + OVERSCAN_ROWS)];
}

/** Returns the scroll position at which a row is completely in view. */
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
