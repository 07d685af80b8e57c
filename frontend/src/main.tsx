import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { fromQuery } from "@/features/orders/model/order-filter";
import { App } from "./app";
import { Session } from "./session";
import "./styles/base.css";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

const session = new Session(fromQuery(new URLSearchParams(location.search)));
session.start();

// Writes are tried though the browser believes to be offline: the API may be on this machine.
const queries = new QueryClient({
  defaultOptions: { mutations: { networkMode: "always" }, queries: { networkMode: "always" } },
});

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <App session={session} />
    </QueryClientProvider>
  </StrictMode>,
);
