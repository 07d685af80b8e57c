import { defineConfig } from "vitest/config";

const client = {
  name: "client-js",
  root: "packages/client-js",
  include: ["tests/**/*.test.{ts,tsx}"],
  environment: "node",
  // Starting a worker for each file takes longer than the tests. No test leaves anything behind.
  isolate: false,
  // Time for a machine that runs the other tests at the same time.
  testTimeout: 30_000,
};

export default defineConfig({ test: { projects: ["frontend", { test: client }] } });
