import type { MouseEvent } from "react";

/** The click on a link that the page follows itself, unless it is to open in another tab or window. */
export const inPage =
  (go: () => void) =>
  (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go();
  };
