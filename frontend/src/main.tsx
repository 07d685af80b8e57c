import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "@/lib/route";
import { Access } from "./access";
import { Root } from "./root";
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

const router = new Router();
router.start();

// Writes are tried though the browser believes to be offline: the API may be on this machine.
const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: { networkMode: "always", refetchOnWindowFocus: false },
  },
});

const access = new Access(() => queries.clear());
void access.start();

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <Root access={access} router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
