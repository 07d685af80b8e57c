import type { Observable } from "real-time-orders";

const ICON = "/icon.svg";

/** Shows a title, with a count before it and in the page's icon. Returns a function that stops this. */
export function markPage(title: string, count: Observable<number | null>): () => void {
  const show = () => {
    const shown = count.get() ?? 0;
    document.title = shown > 0 ? `(${shown}) ${title}` : title;
    void setIcon(shown);
  };
  show();
  return count.subscribe(show);
}

let wanted = 0;
let drawn = 0;

async function setIcon(count: number): Promise<void> {
  wanted = count;
  if (count === drawn) return;
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const address = count > 0 ? await (await import("./badge")).badge(ICON, count) : ICON;
  if (!link || wanted !== count || address === null) return;
  drawn = count;
  link.type = count > 0 ? "image/png" : "image/svg+xml";
  link.href = address;
}
