import { keepPreviousData, useMutation, useQuery } from "@tanstack/react-query";
import { RefusedError } from "real-time-orders";
import { useState } from "react";
import { messageOf } from "@/lib/format";
import { queries } from "@/lib/queries";
import { words } from "@/words";

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

/** A form in a dialog: `send` may throw an error with a sentence for people. */
export function useForm(send: () => Promise<void>) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    }
    setBusy(false);
  };
  return {
    problem,
    busy,
    run: (work: () => Promise<void>) => void run(work),
    onSubmit: (event: { preventDefault: () => void }) => {
      event.preventDefault();
      void run(send);
    },
  };
}

/** An answer that names a field, in one sentence. */
export function problemOf(error: unknown): string {
  const [field] = error instanceof RefusedError ? Object.entries(error.fields) : [];
  if (!field) return messageOf(error);
  const [name, message] = field;
  return words.settings.fieldRefused(name, message);
}
