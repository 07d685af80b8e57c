import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const LIMIT = 198_000;

/** Bytes of a file as the edge sends it. */
const sent = (file: string) => statSync(existsSync(`${file}.br`) ? `${file}.br` : file).size;

test.skipIf(!existsSync(dist))("the built page: the first view is within its limit", () => {
  const page = readFileSync(`${dist}/index.html`, "utf8");
  const named = [...page.matchAll(/\/assets\/[^"]+/g)].map(([path]) => dist + path);
  // The texts, the charts and the font of Latin text are loaded by what the page names.
  const loaded = globSync(`${dist}/assets/{en-*.js,pulse-panel*.{js,css},geist-latin-wght*.woff2}`);
  expect(named.length).toBeGreaterThan(1);
  expect(loaded.length).toBe(4);
  const bytes = [...named, ...loaded].map(sent).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThan(LIMIT);
});
