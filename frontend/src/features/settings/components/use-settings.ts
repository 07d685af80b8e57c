import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Column } from "real-time-orders";
import { queries } from "@/lib/queries";
import { problemOf } from "@/lib/use-form";
import { useSchema } from "@/lib/use-schema";
import { restricting } from "../model/restriction";

const LOOK_EVERY_MS = 15_000;

/** What other admins and browsers do is seen soon, without a reload. */
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

/** The columns that may restrict rows. */
export function useColumns(): readonly Column[] {
  const { tables } = useSchema();
  return useMemo(() => restricting(tables), [tables]);
}

/** Load again what was changed. */
export const reload = (name: string) => queries.invalidateQueries({ queryKey: ["settings", name] });

/** A change by a button of a list: whether one is on its way, and why the last one failed. */
export function useChange<V>(name: string, change: (value: V) => Promise<unknown>) {
  const changing = useMutation({ mutationFn: change, onSettled: () => reload(name) }, queries);
  return {
    change: changing.mutate,
    busy: changing.isPending,
    problem: changing.error ? problemOf(changing.error) : null,
  };
}
