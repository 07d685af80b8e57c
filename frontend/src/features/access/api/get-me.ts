import { request } from "@/lib/http";
import { Me } from "@/lib/protocol";

/** Who we are to the system; refused (401) where it asks for a token and none counts. */
export function getMe(): Promise<Me> {
  return request(Me, "/api/me");
}
