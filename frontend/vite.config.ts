import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` shows a running system's data: point EDGE_URL at it.
const edge = process.env.EDGE_URL ?? "http://localhost:3000";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      "@": source("./src"),
      "react-style-singleton": source("./src/lib/style-singleton.ts"),
    },
  },
  server: { proxy: { "/api": edge, "/ws": { target: edge, ws: true } } },
  build: { target: "es2023", assetsInlineLimit: 0 },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
