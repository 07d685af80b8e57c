import type { Status } from "@/lib/protocol";

/** Where an order can sensibly go from each status; the first is the next step of its way. */
const NEXT: Record<Status, readonly Status[]> = {
  pending: ["processing", "cancelled"],
  processing: ["shipped", "pending", "cancelled"],
  shipped: ["delivered", "processing"],
  delivered: [],
  cancelled: ["pending"],
};

export const nextStatuses = (status: Status): readonly Status[] => NEXT[status];

/** One step on; null for an order that has arrived or was cancelled. */
export function stepOn(status: Status): Status | null {
  return status === "cancelled" ? null : (NEXT[status][0] ?? null);
}
