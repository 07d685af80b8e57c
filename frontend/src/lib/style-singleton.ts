/**
 * In place of the package of the same name, which dialogs use to keep the page from scrolling: it adds
 * `<style>` elements, which our Content-Security-Policy refuses. Sheets made by script are no markup
 * and need no exception.
 */
import { useEffect } from "react";

interface Props {
  styles: string;
  dynamic?: boolean;
}

/** A component that has its styles apply while at least one of it is there. */
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
      // Only styles that say so are applied anew when they change.
      // eslint-disable-next-line react-hooks/exhaustive-deps
    }, [dynamic && styles]);
    return null;
  };
}
