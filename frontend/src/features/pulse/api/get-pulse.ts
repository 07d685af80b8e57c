import { request } from "@/lib/http";
import { PulsePage } from "@/lib/protocol";

export function getPulse(signal: AbortSignal): Promise<PulsePage> {
  return request(PulsePage, "/api/pulse", { signal });
}
