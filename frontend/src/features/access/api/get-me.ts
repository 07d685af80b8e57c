import { request } from "@/lib/http";
import { Me } from "@/lib/protocol";

/** The user by the session or token; 401 without a valid one if the system requires one. */
export function getMe(): Promise<Me> {
  return request(Me, "/api/me");
}

/** The same, where that nobody is signed in is an answer. */
export function findMe(): Promise<Me> {
  return request(Me, "/api/me", { signsIn: true });
}
