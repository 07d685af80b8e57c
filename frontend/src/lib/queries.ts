import { QueryClient } from "@tanstack/react-query";

/**
 * Passed to each hook in place of a provider, so that the library is loaded only with the parts of the
 * page that use it. Requests are sent even if the browser reports no network, because the API may be on
 * this computer.
 */
export const queries = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: "always" },
    queries: { networkMode: "always", refetchOnWindowFocus: false },
  },
});
