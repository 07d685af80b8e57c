import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defaultClientConditions, defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// `npm run dev` shows the data of the running system at EDGE_URL.
const edge = process.env.EDGE_URL ?? "http://localhost:3000";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const brotli = promisify(brotliCompress);

/** Compresses files at the highest level when they are built; the edge serves them as they are. */
const precompressed = (): Plugin => ({
  name: "precompressed",
  apply: "build",
  async writeBundle({ dir = "dist" }, bundle) {
    const texts = Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name));
    await Promise.all(
      texts.map(async (name) => {
        const file = join(dir, name);
        await writeFile(`${file}.br`, await brotli(await readFile(file)));
      }),
    );
  },
});

export default defineConfig({
  plugins: [react(), precompressed()],
  resolve: {
    // The client package from its source: it needs no build before the dashboard's.
    conditions: ["source", ...defaultClientConditions],
    alias: {
      "@": source("./src"),
      "react-style-singleton": source("./src/lib/style-singleton.ts"),
    },
  },
  ssr: { resolve: { conditions: ["source", ...defaultServerConditions] } },
  server: { proxy: { "/api": edge, "/sse": edge, "/ws": { target: edge, ws: true } } },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    rolldownOptions: {
      // What a page loads at first is one file: in pieces it would compress worse.
      output: { codeSplitting: { groups: [{ name: "index", tags: ["$initial"] }] } },
    },
  },
  test: {
    include: ["tests/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
    environment: "node",
    // Starting a worker for each file takes longer than the tests. No test leaves anything behind.
    isolate: false,
    // Time for a machine that runs the other tests at the same time.
    testTimeout: 30_000,
  },
});
