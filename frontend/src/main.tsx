import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { viewFromQuery } from "@/features/orders/model/order-view";
import { Router } from "@/lib/route";
import { App } from "./app";
import { Session } from "./session";
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

const session = new Session(viewFromQuery(new URLSearchParams(location.search)));
session.start();
const router = new Router();
router.start();

// Writes are tried though the browser believes to be offline: the API may be on this machine.
const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: { networkMode: "always", refetchOnWindowFocus: false },
  },
});

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App session={session} router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
