import { useState } from "react";
import { words } from "@/words";
import { fieldsOf, messageOf } from "./format";

interface Event {
  preventDefault: () => void;
}

/**
 * The state of a form: what is wrong with it, and whether it is being sent. `send` may throw an error;
 * `inWords` turns the error into the message for the user.
 */
export function useForm(
  send: () => Promise<void>,
  inWords: (error: unknown) => string = problemOf,
  first: string | null = null,
) {
  const [problem, setProblem] = useState(first);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(inWords(error));
    }
    setBusy(false);
  };
  return {
    problem,
    busy,
    run: (work: () => Promise<void>) => void run(work),
    onSubmit: (event: Event) => {
      event.preventDefault();
      void run(send);
    },
  };
}

/** Returns an error as one sentence. Names the field if the API refused one. */
export function problemOf(error: unknown): string {
  const [field] = Object.entries(fieldsOf(error));
  return field ? words.settings.fieldRefused(field[0], field[1]) : messageOf(error);
}
