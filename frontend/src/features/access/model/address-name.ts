/** What people call an address: that of the machine of the system itself says nothing to them. */
import { words } from "@/words";
export function addressName(address: string): string {
  return address === "::1" || address.startsWith("127.") ? words.access.thisMachine : address;
}
