import type { Observable } from "real-time-orders";

const ICON = "/icon.svg";
const SIZE = 64;
/** More digits do not fit into a tab's icon. */
const MOST = 99;

/** Show a title, and a count in front of it and in the page's icon; returns how to stop. */
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
  const address = count > 0 ? await badge(count) : ICON;
  if (!link || wanted !== count || address === null) return;
  drawn = count;
  link.type = count > 0 ? "image/png" : "image/svg+xml";
  link.href = address;
}

/** The icon with a red disc and the count; null where it cannot be drawn. */
async function badge(count: number): Promise<string | null> {
  const image = new Image(SIZE, SIZE);
  image.src = ICON;
  await image.decode().catch(() => undefined);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.drawImage(image, 0, 0, SIZE, SIZE);
  context.fillStyle = "#c62a35";
  context.beginPath();
  context.arc(42, 42, 22, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#fff";
  context.font = `bold ${count > 9 ? 26 : 34}px system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(count > MOST ? "99" : String(count), 42, 43);
  return canvas.toDataURL("image/png");
}
