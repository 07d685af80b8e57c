import { formatMinutes, formatNumber } from "@/lib/format";
import type { LiveState } from "@/lib/live-socket";

export interface Description {
  readonly tone: "good" | "busy" | "bad";
  readonly label: string;
}

/** Fewer than this are on the screen before anyone has read the words. */
const BEHIND_WORTH_SAYING = 50;

/**
 * Whether what is shown may be old. Without a network a system on this very machine still answers,
 * so what counts is whether it was heard since.
 */
export const isCutOff = ({ phase, heardAt }: LiveState, offlineSince: number | null): boolean =>
  phase !== "live" || (offlineSince !== null && (heardAt ?? 0) <= offlineSince);

/** The connection in the fewest honest words. */
export function describe(
  state: LiveState,
  { behind, offlineSince, now }: { behind: number; offlineSince: number | null; now: number },
): Description {
  const since = state.heardAt === null ? "" : ` · stale since ${formatMinutes(state.heardAt)}`;
  switch (state.phase) {
    case "live":
      if (isCutOff(state, offlineSince)) return { tone: "bad", label: `Offline${since}` };
      if (behind < BEHIND_WORTH_SAYING) return { tone: "good", label: "Live" };
      return { tone: "busy", label: `Catching up, ${formatNumber(behind)} behind` };
    case "waiting":
      if (offlineSince !== null) return { tone: "bad", label: `Offline${since}` };
      return {
        tone: "bad",
        label: `Reconnecting in ${secondsUntil(state.retryAt, now)} s${since}`,
      };
    case "connecting":
      if (state.heardAt === null) return { tone: "busy", label: "Connecting" };
      return { tone: "busy", label: `Reconnecting${since}` };
    case "idle":
      return { tone: "busy", label: "Connecting" };
  }
}

const secondsUntil = (time: number | null, now: number): number =>
  Math.max(0, Math.ceil(((time ?? now) - now) / 1000));
