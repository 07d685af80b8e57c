import type { LiveState, UnreachableError } from "real-time-orders";
import { formatCount, formatMinutes } from "@/lib/format";
import { words } from "@/words";

export interface Description {
  readonly tone: "good" | "busy" | "bad";
  readonly label: string;
}

/** The fewest missing events to report. Fewer reach the screen before a user has read the label. */
const BEHIND_WORTH_SAYING = 50;

/**
 * Whether the page may be out of date. A system on this computer answers even without a network, so a
 * message that came since then shows that it is connected.
 */
export const isCutOff = ({ phase, heardAt }: LiveState, offlineSince: number | null): boolean =>
  phase !== "live" || (offlineSince !== null && (heardAt ?? 0) <= offlineSince);

/**
 * Returns which part of the system does not answer; null if none is known to be away. One lost
 * connection is not enough, because the next attempt may succeed at once.
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
  /** Why the last request got no answer; null if the API answered. */
  readonly api: UnreachableError | null;
  readonly now: number;
}

/** Returns the state of the connection in a few words. */
export function describe(
  state: LiveState,
  { behind, offlineSince, api, now }: Circumstances,
): Description {
  const texts = words.connection;
  const since = state.heardAt === null ? "" : texts.staleSince(formatMinutes(state.heardAt));
  const found = troubleWith(state, api);
  const trouble = found && texts.trouble[found];
  switch (state.phase) {
    case "live":
      if (isCutOff(state, offlineSince)) return { tone: "bad", label: texts.offline + since };
      if (behind >= BEHIND_WORTH_SAYING) {
        return { tone: "busy", label: texts.catchingUp(formatCount(behind)) };
      }
      return trouble === null
        ? { tone: "good", label: texts.live }
        : { tone: "busy", label: texts.liveBut(trouble) };
    case "waiting": {
      if (offlineSince !== null) return { tone: "bad", label: texts.offline + since };
      const seconds = secondsUntil(state.retryAt, now);
      const label =
        trouble === null ? texts.reconnectingIn(seconds) : texts.retryIn(trouble, seconds);
      return { tone: "bad", label: label + since };
    }
    case "connecting":
      if (trouble !== null) return { tone: "bad", label: texts.retrying(trouble) + since };
      if (state.gateway === null) return { tone: "busy", label: texts.connecting };
      return { tone: "busy", label: texts.reconnecting + since };
    case "idle":
      return trouble === null
        ? { tone: "busy", label: texts.connecting }
        : { tone: "bad", label: trouble };
  }
}

const secondsUntil = (time: number | null, now: number): number =>
  Math.max(0, Math.ceil(((time ?? now) - now) / 1000));
