import { QueryClient } from "@tanstack/react-query";

/**
 * Passed to each hook instead of a provider, so that only the parts of the page that are loaded when
 * they are opened contain the library. Requests are sent although the browser reports no network: the
 * API may be on this computer.
 */
export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: { networkMode: "always", refetchOnWindowFocus: false },
  },
});
