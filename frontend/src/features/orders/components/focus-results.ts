const TRIES = 30;

/** Moves the focus from the search box to the table, or to its first row once it is drawn. */
export function focusResults(
  panel: HTMLElement | null,
  target: "table" | "row",
  tries = TRIES,
): void {
  const row = panel?.querySelector<HTMLElement>('[data-row="0"] a');
  const table = panel?.querySelector<HTMLElement>('[role="table"], [role="grid"]');
  if (target === "row" && row) row.focus();
  else if (target === "row" && tries > 0)
    requestAnimationFrame(() => focusResults(panel, target, tries - 1));
  else if (table) table.focus();
  else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
}
