import { type SubmitEvent, useState } from "react";
import { messageOf } from "@/lib/format";
import { RefusedError } from "real-time-orders";
import { words } from "@/words";

/** A form that is sent: what is wrong with it, and whether it is on its way. */
export function useSending(send: () => Promise<void>) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await send();
    } catch (error) {
      setProblem(inWords(error));
    }
    setBusy(false);
  }

  return { problem, busy, onSubmit: (event: SubmitEvent) => void submit(event) };
}

/** An answer that names fields: the forms here have one that can be wrong. */
function inWords(error: unknown): string {
  const [field] = error instanceof RefusedError ? Object.entries(error.fields) : [];
  if (!field) return messageOf(error);
  const { presentRefused, newRefused } = words.access;
  return (field[0] === "current" ? presentRefused : newRefused)(field[1]);
}
