import type { Virtualizer } from "@tanstack/react-virtual";
import type { RefObject } from "react";

const TRIES = 30;

type Rows = Virtualizer<HTMLDivElement, Element>;

/** Moves the keyboard focus by one row, also to a row that is not drawn yet. */
export function moveRowFocus(
  scroller: RefObject<HTMLDivElement | null>,
  rows: Rows,
  by: 1 | -1,
): void {
  const box = scroller.current;
  const { count } = rows.options;
  if (!box || count === 0) return;
  const from = rowOf(document.activeElement) ?? firstInView(rows) - by;
  const row = Math.min(Math.max(from + by, 0), count - 1);
  rows.scrollToIndex(row);
  focusOnceDrawn(box, row, TRIES);
}

function rowOf(element: Element | null): number | null {
  const row = element?.closest("[data-row]")?.getAttribute("data-row");
  return row == null ? null : Number(row);
}

function firstInView(rows: Rows): number {
  const top = rows.scrollOffset ?? 0;
  return rows.getVirtualItems().find(({ start }) => start >= top)?.index ?? 0;
}

function focusOnceDrawn(box: HTMLElement, row: number, tries: number): void {
  const link = box.querySelector<HTMLElement>(`[data-row="${row}"] a`);
  if (link) link.focus({ preventScroll: true });
  else if (tries > 0) requestAnimationFrame(() => focusOnceDrawn(box, row, tries - 1));
}
