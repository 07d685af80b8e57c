import type { LiveState, UnreachableError } from "real-time-orders";
import { formatCount, formatMinutes } from "@/lib/format";

export interface Description {
  readonly tone: "good" | "busy" | "bad";
  readonly label: string;
}

/** Fewer events than this are on the screen before the user has read the label. */
const BEHIND_WORTH_SAYING = 50;

/**
 * Whether the page may be out of date. Without a network a system on this computer still answers, so
 * a message since then counts as connected.
 */
export const isCutOff = ({ phase, heardAt }: LiveState, offlineSince: number | null): boolean =>
  phase !== "live" || (offlineSince !== null && (heardAt ?? 0) <= offlineSince);

/**
 * Which part of the system does not answer; null if none is known to be away. One connection that
 * ends says nothing about the gateways: the next attempt may succeed at once.
 */
export function troubleWith(
  { phase, gateway, lost }: LiveState,
  api: UnreachableError | null,
): "API away" | "API failing" | "Gateway away" | "API and gateway away" | null {
  const gatewayIsAway = phase !== "live" && lost > (gateway === null ? 0 : 1);
  if (gatewayIsAway) return api && !api.answered ? "API and gateway away" : "Gateway away";
  if (!api) return null;
  return api.answered ? "API failing" : "API away";
}

export interface Circumstances {
  readonly behind: number;
  readonly offlineSince: number | null;
  /** Why the last request to the API failed. */
  readonly api: UnreachableError | null;
  readonly now: number;
}

/** The state of the connection in a few words. */
export function describe(
  state: LiveState,
  { behind, offlineSince, api, now }: Circumstances,
): Description {
  const since = state.heardAt === null ? "" : ` · stale since ${formatMinutes(state.heardAt)}`;
  const trouble = troubleWith(state, api);
  switch (state.phase) {
    case "live":
      if (isCutOff(state, offlineSince)) return { tone: "bad", label: `Offline${since}` };
      if (behind >= BEHIND_WORTH_SAYING) {
        return { tone: "busy", label: `Catching up, ${formatCount(behind)} behind` };
      }
      return trouble === null
        ? { tone: "good", label: "Live" }
        : { tone: "busy", label: `Live, ${trouble}` };
    case "waiting": {
      if (offlineSince !== null) return { tone: "bad", label: `Offline${since}` };
      const seconds = secondsUntil(state.retryAt, now);
      const label =
        trouble === null ? `Reconnecting in ${seconds} s` : `${trouble}, retry in ${seconds} s`;
      return { tone: "bad", label: `${label}${since}` };
    }
    case "connecting":
      if (trouble !== null) return { tone: "bad", label: `${trouble}, retrying${since}` };
      if (state.gateway === null) return { tone: "busy", label: "Connecting" };
      return { tone: "busy", label: `Reconnecting${since}` };
    case "idle":
      return trouble === null
        ? { tone: "busy", label: "Connecting" }
        : { tone: "bad", label: trouble };
  }
}

const secondsUntil = (time: number | null, now: number): number =>
  Math.max(0, Math.ceil(((time ?? now) - now) / 1000));
