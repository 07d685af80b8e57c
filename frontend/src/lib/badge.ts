const SIZE = 64;
/** The highest number that is drawn, because more digits do not fit into a tab's icon. */
const MOST = 99;

/** Returns the icon with a red disc and the count; null if it cannot be drawn. */
export async function badge(icon: string, count: number): Promise<string | null> {
  const image = new Image(SIZE, SIZE);
  image.src = icon;
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
