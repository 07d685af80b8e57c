import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { build } from "vite";

const source = (path: string) => fileURLToPath(new URL(`../src/${path}`, import.meta.url));

test.each([
  ["connect, with all that a page loads at first", "live.ts", 13_850],
  ["the React hooks", "react/index.ts", 600],
])("%s: compressed within its limit", async (_what, entry, limit) => {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    build: {
      write: false,
      target: "es2022",
      minify: true,
      ssr: true, // without Vite's own code around dynamic imports
      rolldownOptions: {
        input: source(entry),
        preserveEntrySignatures: "strict",
        // Loaded when they are needed.
        external: [/\/(bulk-writer|children|event-reader|event-stream)\.ts$/, "react"],
      },
    },
  });
  const { output } = [built].flat()[0] as { output: { code?: string }[] };
  const code = output.map((chunk) => chunk.code ?? "").join("");
  expect(brotliCompressSync(code).byteLength).toBeLessThan(limit);
});
