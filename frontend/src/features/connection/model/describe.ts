import type { LiveState } from "@/lib/live-socket";

export interface Description {
  readonly tone: "good" | "busy" | "bad";
  readonly label: string;
}

/** The connection in the fewest honest words. */
export function describe(state: LiveState, now: number): Description {
  switch (state.phase) {
    case "live":
      return { tone: "good", label: "Live" };
    case "waiting":
      return { tone: "bad", label: `Reconnecting in ${secondsUntil(state.retryAt, now)} s` };
    case "connecting":
      return { tone: "busy", label: state.heardAt === null ? "Connecting" : "Reconnecting" };
    case "idle":
      return { tone: "busy", label: "Connecting" };
  }
}

const secondsUntil = (time: number | null, now: number): number =>
  Math.max(0, Math.ceil(((time ?? now) - now) / 1000));
