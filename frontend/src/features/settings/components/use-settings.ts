import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Column } from "real-time-orders";
import { queries } from "@/lib/queries";
import { problemOf } from "@/lib/use-form";
import { useSchema } from "@/lib/use-schema";
import { restricting } from "../model/restriction";

const LOOK_EVERY_MS = 15_000;

/**
 * Loads a list and refreshes it regularly, so that changes by other admins and browsers appear soon.
 */
export function useListed<T>(
  name: string,
  list: (signal: AbortSignal) => Promise<T>,
  /** Load again when this changes. */
  version = "",
) {
  return useQuery(
    {
      queryKey: ["settings", name, version],
      placeholderData: keepPreviousData,
      queryFn: ({ signal }) => list(signal),
      refetchInterval: LOOK_EVERY_MS,
    },
    queries,
  );
}

/** Returns the columns that may restrict rows. */
export function useColumns(): readonly Column[] {
  const { tables } = useSchema();
  return useMemo(() => restricting(tables), [tables]);
}

/** Loads a list again after a change. */
export const reload = (name: string) => queries.invalidateQueries({ queryKey: ["settings", name] });

/**
 * Runs a change from a button of a list. Returns whether a change is running, and why the last one
 * failed.
 */
export function useChange<V>(name: string, change: (value: V) => Promise<unknown>) {
  const changing = useMutation({ mutationFn: change, onSettled: () => reload(name) }, queries);
  return {
    change: changing.mutate,
    busy: changing.isPending,
    problem: changing.error ? problemOf(changing.error) : null,
  };
}
