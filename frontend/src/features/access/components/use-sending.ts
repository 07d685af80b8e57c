import { RefusedError } from "real-time-orders";
import { messageOf } from "@/lib/format";
import { useForm } from "@/lib/use-form";
import { words } from "@/words";

/** A form with a password; `unknown` is what it says to someone whom the API does not know. */
export const useSending = (send: () => Promise<void>, unknown?: string) =>
  useForm(send, (error) =>
    unknown !== undefined && error instanceof RefusedError && error.status === 401
      ? unknown
      : inWords(error),
  );

/** An answer that names fields: the forms here have one that can be wrong. */
function inWords(error: unknown): string {
  const [field] = error instanceof RefusedError ? Object.entries(error.fields) : [];
  if (!field) return messageOf(error);
  const { presentRefused, newRefused } = words.access;
  return (field[0] === "current" ? presentRefused : newRefused)(field[1]);
}
