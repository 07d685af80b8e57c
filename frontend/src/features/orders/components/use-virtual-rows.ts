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
  /** The row after the last one to draw. */
  readonly end: number;
  /** Height of the element that holds the rows, in pixels. */
  readonly height: number;
  /** Returns the position of a row within that element, in pixels. */
  readonly topOf: (row: number) => number;
  readonly place: ScrollPlace;
  /** Height of the view without the heading, in pixels. */
  readonly viewPx: number;
  readonly onScroll: () => void;
  readonly reveal: (row: number) => void;
}

/**
 * Computes which rows of a scrolled list are in view. All rows have the same height. `moved` is how
 * many places the rows have moved so far. When it changes, the list scrolls by as much in the same
 * render, so that rows in view stay drawn.
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
