import { request } from "@/lib/http";
import { Me } from "@/lib/protocol";

/** The user as the system knows them; refused (401) without a valid token where it asks for one. */
export function getMe(): Promise<Me> {
  return request(Me, "/api/me");
}
