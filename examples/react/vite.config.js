import { defineConfig } from "vite";

// The page's own origin passes requests on to the running system: browsers need no CORS then.
const edge = process.env.EDGE_URL ?? "http://localhost:3000";

export default defineConfig({
  server: { proxy: { "/api": edge, "/sse": edge, "/ws": { target: edge, ws: true } } },
});
