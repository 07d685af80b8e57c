import { request } from "@/lib/http";
import { Me } from "@/lib/protocol";

/** The user by the token; 401 without a valid token if the system requires one. */
export function getMe(): Promise<Me> {
  return request(Me, "/api/me");
}
