/** Returns an address for people to read; a text such as "this machine" for a loopback address. */
import { words } from "@/words";
export function addressName(address: string): string {
  return address === "::1" || address.startsWith("127.") ? words.access.thisMachine : address;
}
