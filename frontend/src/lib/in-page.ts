import type { MouseEvent } from "react";

/** Handles a click on a link within the page, unless the link is to open in another tab or window. */
export const inPage =
  (go: () => void) =>
  (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
