import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import {
  elementPx,
  placeOf,
  revealing,
  rowsInView,
  type ScrollPlace,
  scrolledTo,
  START,
} from "../model/virtual-scroll";

export interface VirtualRows {
  readonly first: number;
  /** Behind the last row to draw. */
  readonly end: number;
  /** The height of the element that holds the rows. */
  readonly height: number;
  /** Where a row is drawn within it. */
  readonly topOf: (row: number) => number;
  readonly place: ScrollPlace;
  /** The height of the view, without its heading. */
  readonly viewPx: number;
  readonly onScroll: () => void;
  readonly reveal: (row: number) => void;
}

/**
 * The rows of a scroller that are in view; all have the same height. Where `moved` grows, the rows have moved
 * by as many places: the list is scrolled on with them in the same rendering, so that each stays drawn.
 */
export function useVirtualRows(
  scroller: RefObject<HTMLDivElement | null>,
  count: number,
  rowPx: number,
  headPx: number,
  moved: number,
): VirtualRows {
  const [place, setPlace] = useState(START);
  const [viewPx, setViewPx] = useState(0);
  const [movedBefore, setMovedBefore] = useState(moved);
  const size = { count, rowPx, viewPx };
  if (moved !== movedBefore) {
    setMovedBefore(moved);
    setPlace(placeOf(place.top + place.offset + (moved - movedBefore) * rowPx, size));
  }
  const latest = useRef({ place, size });
  useLayoutEffect(() => {
    latest.current = { place, size };
  });
  useLayoutEffect(() => {
    scrollTo(scroller.current, latest.current.place);
  }, [scroller, moved]);

  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const measure = () => setViewPx(Math.max(0, box.clientHeight - headPx));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, [scroller, headPx]);

  function go(next: ScrollPlace): void {
    latest.current.place = next;
    setPlace(next);
    scrollTo(scroller.current, next);
  }
  function onScroll(): void {
    const top = scroller.current?.scrollTop ?? 0;
    const { place, size } = latest.current;
    if (top !== place.top) go(scrolledTo(top, place, size));
  }
  function reveal(row: number): void {
    const { place, size } = latest.current;
    go(placeOf(revealing(row, place, size), size));
  }

  const [first, end] = rowsInView(place, size);
  const topOf = (row: number) => row * rowPx - place.offset;
  return { first, end, height: elementPx(size), topOf, place, viewPx, onScroll, reveal };
}

function scrollTo(box: HTMLDivElement | null, { top }: ScrollPlace): void {
  if (box && Math.abs(box.scrollTop - top) >= 1) box.scrollTo({ top });
}
