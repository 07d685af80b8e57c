/**
 * Replaces the npm package of the same name, which the dialogs use to stop the page from scrolling. The
 * package inserts `<style>` elements, which our Content-Security-Policy refuses; constructed style
 * sheets are allowed.
 */
import { useEffect } from "react";

interface Props {
  styles: string;
  dynamic?: boolean;
}

/** Returns a component whose styles apply while at least one instance is mounted. */
export function styleSingleton(): (props: Props) => null {
  const sheet = new CSSStyleSheet();
  let users = 0;

  function add(styles: string): void {
    users += 1;
    if (users > 1) return;
    sheet.replaceSync(styles);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  function remove(): void {
    users -= 1;
    if (users > 0) return;
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== sheet);
  }

  return function Sheet({ styles, dynamic = false }: Props) {
    useEffect(() => {
      add(styles);
      return remove;
      // Only dynamic styles are applied again after a change.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [dynamic && styles]);
    return null;
  };
}
