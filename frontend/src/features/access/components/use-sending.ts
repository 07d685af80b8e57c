import { RefusedError } from "real-time-orders";
import { fieldsOf, messageOf } from "@/lib/format";
import { useForm } from "@/lib/use-form";
import { words } from "@/words";

/** The state of a form with a password. `unknown` is the message if the API answers 401. */
export const useSending = (send: () => Promise<void>, unknown?: string) =>
  useForm(send, (error) =>
    unknown !== undefined && error instanceof RefusedError && error.status === 401
      ? unknown
      : inWords(error),
  );

/**
 * Returns an error as a sentence. If the API refused a field, the sentence says which password was
 * refused.
 */
function inWords(error: unknown): string {
  const [field] = Object.entries(fieldsOf(error));
  if (!field) return messageOf(error);
  const { presentRefused, newRefused } = words.access;
  return (field[0] === "current" ? presentRefused : newRefused)(field[1]);
}
